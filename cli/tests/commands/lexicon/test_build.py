"""A lexicon from reports: shown as a table, written to be read over, with what was kept out of it."""

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


def test_table_shows_the_commonest_entries_and_what_was_taken_for_a_slip_and_the_rest_is_in_files(
    tmp_path: Path,
) -> None:
    texts = ["Monsieur Kowalczyk: dyspnée, IRM, bisoprolol."] * 40 + ["Bisoprolole."]
    texts.append(" ".join(f"terme{letter}ose" for letter in "abcdefghijklmnopqrstuvw"))
    (tmp_path / "reports.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    out, kept_out = tmp_path / "a.tsv", tmp_path / "kept-out.tsv"
    arguments = ("build", str(tmp_path / "reports.jsonl"), "--min-count", "1", "--out", str(out))
    said = run(*arguments, "--kept-out", str(kept_out)).splitlines()
    assert said[0].split() == ["reports", "kind", "text"]
    assert ["40", "abbreviation", "IRM"] in [line.split() for line in said]
    assert "and 6 more in the file" in said[21]
    assert "kept out: bisoprolole, taken for a slip of bisoprolol" in said[22]
    assert "Kowalczyk" not in "".join(said)
    assert kept_out.read_text("utf-8").splitlines() == ["kowalczyk\ta name", "bisoprolole\ta slip of bisoprolol"]
    assert len(parse_lexicon(out.read_bytes())) == 26


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
    assert said.pop("left_out") == []
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


def test_list_of_names_in_another_encoding_is_refused_and_not_read_without_its_accents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bisoprolol", "utf-8")
    (tmp_path / "names.txt").write_bytes("Lefèvre\n".encode("latin-1"))
    with pytest.raises(LexiconInvalid, match=r"names\.txt is not UTF-8 text"):
        run("build", str(tmp_path / "a.txt"), "--names", str(tmp_path / "names.txt"), "--out", str(tmp_path / "x.tsv"))


def test_list_of_what_was_kept_out_overwrites_no_input_and_no_notes(tmp_path: Path) -> None:
    folder, names, kept_out = tmp_path / "reports", tmp_path / "names.txt", tmp_path / "kept-out.tsv"
    folder.mkdir()
    reports = folder / "r.txt"
    reports.write_text("Patient sous bisoprolol.", "utf-8")
    names.write_text("Martin\n", "utf-8")
    kept_out.write_text("read over by hand\n", "utf-8")
    arguments = ["build", str(folder), "--min-count", "1", "--names", str(names), "--out", str(tmp_path / "a.tsv")]
    for mine in (reports, names, tmp_path / "a.tsv"):
        with pytest.raises(LexiconInvalid, match="name another"):
            run(*arguments, "--kept-out", str(mine))
    assert (reports.read_text("utf-8"), names.read_text("utf-8")) == ("Patient sous bisoprolol.", "Martin\n")
    run(*arguments, "--kept-out", str(kept_out))
    assert (tmp_path / "kept-out.tsv.bak").read_text("utf-8") == "read over by hand\n"
