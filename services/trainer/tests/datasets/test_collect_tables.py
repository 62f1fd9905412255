"""Tests of how rows find their recordings, and of recordings that no row names."""

import os
from pathlib import Path

from carabin.trainer.datasets.collect_tables import collect_csv, collect_tables
from carabin.trainer.datasets.file_names import PathMapping
from carabin.trainer.quality.report import GateReport

from ..helpers.sounds import bursts, write


def test_paths_of_windows_are_found_and_those_of_another_machine_need_a_mapping(tmp_path: Path) -> None:
    write(tmp_path / "Sons" / "a.wav", bursts([1.0]))
    table = tmp_path / "t.csv"
    table.write_text("audio;sentence\nsons\\A.wav;Un.\nD:\\dictees\\a.wav;Deux.\n", encoding="utf-8")
    report = GateReport()
    assert [candidate.text for candidate in collect_csv(table, report)] == ["Un."]
    assert "t.csv:3 names D:\\dictees\\a.wav, which is not on this machine" in report.refusal()
    assert "--map THERE=HERE" in report.refusal()
    mapped = collect_csv(table, GateReport(), mappings=[PathMapping("d:\\Dictees", tmp_path / "Sons")])
    assert [candidate.text for candidate in mapped] == ["Un.", "Deux."]


def test_recordings_beside_a_table_that_no_row_names_are_counted_and_named(tmp_path: Path) -> None:
    for name in ("a.wav", "sons/b.wav", "sons/anne/c.wav", "sons/anne/forgotten.mp3", "top.wav", "elsewhere/d.wav"):
        write(tmp_path / name, bursts([1.0]))
    (tmp_path / "sons" / "._b.wav").write_bytes(b"macOS")
    (tmp_path / "sons" / "notes.txt").write_text("no recording", encoding="utf-8")
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("audio,sentence\na.wav,Un.\nsons/anne/c.wav,[inaudible]\n", encoding="utf-8")
    test.write_text("audio,sentence\nsons/b.wav,Deux.\n", encoding="utf-8")
    report = GateReport()
    found = collect_tables([(train, "train"), (test, "test")], report)
    assert [(candidate.text, candidate.split) for candidate in found] == [("Un.", "train"), ("Deux.", "test")]
    unnamed = [Path(name) for name, kind in report.seen.items() if kind == "recording without a row"]
    assert unnamed == [tmp_path / "sons" / "anne" / "forgotten.mp3", tmp_path / "top.wav"]
    sums = report.sums()
    assert "recording without a rows: 2 seen, 0 taken, 2 left out" not in sums
    assert "recordings without a row: 2 seen, 0 taken, 2 left out" in sums
    assert f"  {tmp_path / 'top.wav'}: is named by no row of train.csv or test.csv" in sums
    assert not [finding for finding in report.refused if finding.file in map(str, unnamed)]


def test_a_recording_of_a_row_that_cannot_be_read_is_not_called_unnamed(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        write(tmp_path / name, bursts([1.0]))
    table = tmp_path / "t.csv"
    table.write_text("audio,sentence\na.wav,Un.\nb.wav,Deux, trois.\n", encoding="utf-8")
    report = GateReport()
    collect_tables([(table, None)], report)
    unnamed = [Path(name).name for name, kind in report.seen.items() if kind == "recording without a row"]
    assert unnamed == ["c.wav"]


def test_a_recording_without_a_row_whose_name_is_in_a_code_page_is_named_in_ascii(tmp_path: Path) -> None:
    for name in (b"a.wav", b"dict\xe9e.wav"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    table = tmp_path / "train.csv"
    table.write_text("audio,sentence\na.wav,Pas de fièvre.\n", encoding="utf-8")
    report = GateReport()
    collect_tables([(table, None)], report)
    assert list(report.left_out) == [str(tmp_path / "dict\\xe9e.wav")]
    report.write(tmp_path / "report.json")


def test_the_split_that_a_row_names_is_its_split_and_none_against_its_table(tmp_path: Path) -> None:
    for name in "abcdefg":
        write(tmp_path / f"{name}.wav", bursts([1.0]))
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text(
        "audio,sentence,split\na.wav,Un.,TRAIN \nb.wav,Deux.,validation\nc.wav,Trois.,Test\nd.wav,Quatre.,dev\n"
        "e.wav,Cinq.,\n",
        encoding="utf-8",
    )
    test.write_text("audio,sentence,split\nf.wav,Six.,test\ng.wav,Sept.,train\n", encoding="utf-8")
    report = GateReport()
    found = collect_tables([(train, "train"), (test, "test")], report)
    assert [(candidate.text, candidate.split) for candidate in found] == [
        ("Un.", "train"), ("Deux.", "validation"), ("Cinq.", "train"), ("Six.", "test"),
    ]  # fmt: skip
    assert {finding.rule for finding in report.refused} == {"csv-split"}
    assert [finding.message.removeprefix(f"{tmp_path}/") for finding in report.refused] == [
        "train.csv:4 names the split 'test' in the table of the train split: correct it, or move it to its table",
        "train.csv:5 names the split 'dev': it must be one of train, validation, test",
        "test.csv:3 names the split 'train' in the table of the test split: correct it, or move it to its table",
    ]
