"""Tests of a dataset's figures and of how two datasets differ."""

from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.datasets.contents import difference, read_contents
from carabin.trainer.datasets.contents_page import write_contents_page
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset

from ..helpers.sounds import bursts


def row(number: int, sentence: str, speaker: str | None = None, spoken_s: float = 1.0) -> DatasetRow:
    samples = bursts([spoken_s], seed=number).astype(np.float32)
    return DatasetRow.of(samples, sentence, speaker, f"{number}.wav")


def test_hours_speakers_words_terms_and_durations_are_counted(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("bisoprolol\nfibrillation atriale\n", encoding="utf-8")
    write_dataset(
        tmp_path / "made",
        {
            "train": [
                row(1, "Bisoprolol 5 mg.", "anne"),
                row(2, "La fibrillation atriale, le bisoprolol.", "anne", 4.5),
            ],
            "validation": [row(3, "Pas de fièvre.", "luc", 29.5)],
            "test": [row(4, "Examen normal.")],
        },
    )
    contents = read_contents(tmp_path / "made", tmp_path / "terms.txt")
    assert contents.terms == {"bisoprolol": 2, "fibrillation atriale": 1}
    assert (contents.dictations, contents.speakers, contents.words) == (4, 2, 13)
    assert contents.duration_s == pytest.approx(1.5 + 5.0 + 30.0 + 1.5)
    assert contents.histogram == [2, 0, 1, 0, 0, 0, 1]
    train = contents.splits["train"]
    assert (train.dictations, train.share, train.speakers, train.terms) == (2, 0.5, 1, 3)


def test_a_page_escapes_what_it_shows(tmp_path: Path) -> None:
    write_dataset(
        tmp_path / "made", {name: [row(n, f"Mot {n}.")] for n, name in enumerate(("train", "validation", "test"))}
    )
    page = write_contents_page(tmp_path / "page.html", "<b>", read_contents(tmp_path / "made"))
    assert "<b>" not in page.read_text(encoding="utf-8")


def test_recordings_that_came_went_moved_or_have_another_text_are_distinguished(tmp_path: Path) -> None:
    kept, gone, moved = row(1, "Un."), row(2, "Deux."), row(3, "Trois.")
    write_dataset(
        tmp_path / "a", {"train": [kept, gone, moved], "validation": [row(4, "Quatre.")], "test": [row(5, "Cinq.")]}
    )
    write_dataset(
        tmp_path / "b",
        {"train": [kept, row(6, "Six.")], "validation": [row(4, "Autre."), moved], "test": [row(5, "Cinq.")]},
    )
    found = difference(tmp_path / "a", tmp_path / "b")
    assert (found.added, found.removed, found.same) == (["6.wav"], ["2.wav"], 2)
    assert found.reworded == [("4.wav", "Quatre.", "Autre.")]
    assert found.moved == [("3.wav", "train", "validation")]
