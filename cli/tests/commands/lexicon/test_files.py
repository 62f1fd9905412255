"""Lexicons as files: made from reports and lists, joined, checked, compared, and refused where they are none."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.lexicon.entries import parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.connect import connect
from carabin.registry.settings import StoreSettings
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from carabin.trainer.datasets.publish import publish_folder

from .conftest import run


def test_reports_become_a_lexicon_without_the_names_in_them(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    for number in range(4):
        text = "Monsieur Kowalczyk, dyspnée sous bisoprolol."
        (reports / f"{number}.txt").write_text(text, "utf-8")
    out = tmp_path / "cardio.tsv"
    said = run("build", str(reports), "--out", str(out))
    assert "2 entries from 4 reports; kept out: 1 names" in said
    assert "Kowalczyk" not in out.read_text("utf-8")


def test_lists_are_joined_checked_and_compared(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bisoprolol\nmaison\n", "utf-8")
    (tmp_path / "b.tsv").write_text("Bisoprolol\tdrug\t7\npropofol\tdrug\n", "utf-8")
    out = str(tmp_path / "c.tsv")
    assert "3 entries, 1 given more than once" in run(
        "import", str(tmp_path / "a.txt"), str(tmp_path / "b.tsv"), "--out", out
    )
    assert "everyday French: maison" in run("check", out)
    assert json.loads(run("check", out, "--json")) == {"entries": 3, "common": ["maison"], "silent": []}
    assert "+ propofol" in run("diff", str(tmp_path / "a.txt"), out)


def test_lexicon_of_everyday_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("maison\nvoiture\n", "utf-8")
    with pytest.raises(LexiconInvalid, match="everyday French only"):
        run("check", str(tmp_path / "a.tsv"))
    with pytest.raises(LexiconInvalid, match="everyday French only"):
        run("promote", str(tmp_path / "a.tsv"), "--reason", "x")


def test_transcripts_of_a_dataset_become_a_lexicon_without_those_that_are_held_out(
    s3_environment: StoreSettings, tmp_path: Path
) -> None:
    store, bucket = connect(), s3_environment.datasets_bucket
    store.ensure_bucket(bucket)
    spoken = {"train": "Dyspnée sous bisoprolol.", "validation": "Dyspnée sous ramipril.", "test": "Sufentanil arrêté."}
    silence = np.zeros(16_000, np.float32)
    rows = {split: [DatasetRow.of(silence, text, split, split)] for split, text in spoken.items()}
    sizes = write_dataset(tmp_path / "cardio", rows)
    publish_folder(store, bucket, "cardio", tmp_path / "cardio", sizes, datetime.now(UTC), source={})
    out = tmp_path / "cardio.tsv"
    said = json.loads(run("build", "--dataset", "cardio", "--min-count", "1", "--out", str(out), "--json"))
    assert said == {"file": str(out), "entries": 3, "reports": 2, "kept_out": {"names": 0, "misspellings": 0}}
    assert {entry.text for entry in parse_lexicon(out.read_bytes())} == {"Dyspnée", "bisoprolol", "ramipril"}


@pytest.mark.parametrize("arguments", [(), ("reports", "--dataset", "cardio")])
def test_reports_come_from_files_or_from_a_dataset_not_from_both(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(LexiconInvalid, match="either files of reports or --dataset"):
        run("build", *arguments, "--out", str(tmp_path / "x.tsv"))


def test_list_of_names_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bisoprolol", "utf-8")
    with pytest.raises(LexiconInvalid, match=r"staff\.txt cannot be read"):
        run("build", str(tmp_path / "a.txt"), "--names", str(tmp_path / "staff.txt"), "--out", str(tmp_path / "x.tsv"))
