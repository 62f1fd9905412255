"""Tests of a finished dataset folder that is judged again: each fault is named with its place, and what leaks."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.trainer.data.audio import sha256
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.quality.dataset import check_dataset
from carabin.trainer.quality.report import GateReport

from ..helpers.sounds import bursts


def row(number: int, sentence: str | None = None, samples: np.ndarray | None = None) -> DatasetRow:
    sound = bursts([1.0], seed=number) if samples is None else samples.astype(np.float32)
    return DatasetRow.of(sound, sentence or f"Phrase numéro {number}.", None, f"{number}.wav")


def stored(audio: bytes) -> DatasetRow:
    """Return a row whose stored file is `audio`, with the digest that belongs to it."""
    return replace(row(9, "Toux."), audio=audio, sha256=sha256(audio))


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples.astype(np.float32), 16_000, format="WAV", subtype="FLOAT")
    return file.getvalue()


def checked(folder: Path, *train: DatasetRow, **held_out: DatasetRow) -> GateReport:
    """Check a dataset of `train`, and of one sound row in each other split unless it is given."""
    splits = {"train": [row(1), *train], "validation": [row(2)], "test": [row(3)]}
    write_dataset(folder / "made", splits | {split: [its] for split, its in held_out.items()})
    return check_dataset(folder / "made")


def refused(report: GateReport) -> list[tuple[str, str]]:
    return [(finding.file, finding.rule) for finding in report.refused]


def test_a_sound_dataset_is_accepted_whole_and_counted_as_it_is_read(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    splits = {"train": [row(1), row(2)], "validation": [row(3)], "test": [row(4)]}
    write_dataset(tmp_path / "made", splits)
    report = check_dataset(tmp_path / "made", progress=lambda done, total: seen.append((done, total)))
    assert (report.accepted, report.findings) == (4, [])
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (replace(row(9), sha256="0" * 64), "audio-hash"),
        (stored(b"fLaC?"), "audio-unreadable"),
        (stored(wav(np.zeros(0))), "audio-not-finite"),
        (stored(wav(np.full(16_000, np.nan))), "audio-not-finite"),
        (row(9, samples=bursts([30.0], pause_s=0.1)), "audio-long"),
        (row(9, samples=np.zeros(32_000)), "audio-silent"),
        (row(9, samples=np.full(32_000, 0.3)), "audio-no-speech"),
        (row(9, samples=0.1 * np.sin(np.arange(32_000) / 8)), "audio-no-speech"),
        (row(9, sentence="..."), "text-empty"),
        (row(9, sentence="Le patient [inaudible]."), "text-damaged"),
        (row(9, sentence="toux " * 11), "text-audio-mismatch"),
    ],
    ids=[
        "hash",
        "no sound",
        "empty",
        "not finite",
        "long",
        "silence",
        "offset",
        "hum",
        "no words",
        "inaudible",
        "too many words",
    ],
)
def test_what_a_build_would_refuse_is_refused_with_its_place_and_the_rest_is_accepted(
    tmp_path: Path, bad: DatasetRow, rule: str
) -> None:
    report = checked(tmp_path, bad)
    assert refused(report) == [("train[1] (9.wav)", rule)]
    assert report.accepted == 3


def test_a_recording_of_exactly_the_window_is_accepted(tmp_path: Path) -> None:
    assert refused(checked(tmp_path, row(9, samples=bursts([29.5], pause_s=0.5)))) == []


@pytest.mark.parametrize("held_out", ["validation", "test"])
def test_what_training_shares_with_a_split_it_is_measured_on_is_named_in_training(
    tmp_path: Path, held_out: str
) -> None:
    report = checked(tmp_path, row(8, "FOIE normal"), row(9), **{held_out: row(9, "Foie normal.")})
    assert refused(report) == [("train[1] (8.wav)", "leak-sentence"), ("train[2] (9.wav)", "leak-audio")]
    assert report.refused[0].reason == f"has a sentence that the {held_out} split has too"
    assert report.refused[1].reason == f"has a recording that the {held_out} split has too"


def test_what_validation_shares_with_test_is_named_in_validation(tmp_path: Path) -> None:
    report = checked(tmp_path, validation=row(8, "Foie normal."), test=row(9, "Foie normal."))
    assert refused(report) == [("validation[0] (8.wav)", "leak-sentence")]


def test_a_sentence_or_recording_twice_in_one_split_is_no_leak(tmp_path: Path) -> None:
    assert refused(checked(tmp_path, row(8, "Foie normal."), row(8, "Foie normal."))) == []


def test_a_split_that_is_none_is_said(tmp_path: Path) -> None:
    checked(tmp_path)
    (tmp_path / "made" / "data" / "train.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DatasetInvalid, match=r"train\.parquet: not a split of a dataset"):
        check_dataset(tmp_path / "made")


def test_headings_and_signatures_of_a_dataset_are_noted_and_refuse_nothing(tmp_path: Path) -> None:
    report = checked(tmp_path, row(4, "CONCLUSION : examen normal. Cordialement."), row(5, "TECHNIQUE : spirale."))
    assert report.refused == []
    assert [(finding.file, finding.rule) for finding in report.findings] == [
        ("train[1] (4.wav)", "text-heading"), ("train[1] (4.wav)", "text-signature"),
    ]  # fmt: skip
    assert "as 2 of 5 reports do" in report.findings[0].message
