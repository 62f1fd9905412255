"""Tests of how recordings find their reports, and of sums that add up."""

import unicodedata
from pathlib import Path

import av
import numpy as np
import pytest
from carabin.trainer.datasets.build import build
from carabin.trainer.datasets.collect import collect_folders
from carabin.trainer.errors import DatasetRefused
from carabin.trainer.quality.report import GateReport

from ..helpers.sounds import bursts, write


def report_of(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def m4a(file: Path, samples: np.ndarray) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file


def test_any_container_is_taken_and_what_systems_leave_behind_is_not_counted(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    m4a(audio / "a.m4a", bursts([1.0]))
    write(audio / "b.WAV", bursts([1.0]))
    (audio / "c.bin").write_bytes((audio / "b.WAV").read_bytes())
    for name in ("._a.m4a", ".DS_Store"):
        (audio / name).write_bytes(b"\x00\x05\x16\x07")
    (audio / "dictation.ds2").write_bytes(b"\x03ds2 encrypted by a recorder")
    (audio / "index.xml").write_bytes(b"<index/>")
    for name in "abc":
        report_of(reports, f"{name}.txt", f"Examen {name} normal.")
    report = GateReport()
    found = collect_folders(audio, reports, report)
    assert sorted(candidate.audio.name for candidate in found) == ["a.m4a", "b.WAV", "c.bin"]
    assert [finding.file for finding in report.refused] == [str(audio / "dictation.ds2")]
    assert report.left_out[str(audio / "index.xml")] == "is no sound, by its name"
    assert "other files: 2 seen, 0 taken, 2 left out" in report.sums()


def test_names_match_across_accents_encoding_and_case(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / (unicodedata.normalize("NFD", "Médecin") + ".wav"), bursts([1.0]))
    report_of(reports, unicodedata.normalize("NFC", "médecin") + ".TXT", "Examen normal.")
    report = GateReport()
    assert len(collect_folders(audio, reports, report)) == 1
    assert report.findings == []


def test_names_that_look_alike_are_shown_with_their_difference(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / "dictee 12.wav", bursts([1.0]))
    report_of(reports, "dictee_12.txt", "Examen normal.")
    report = GateReport()
    collect_folders(audio, reports, report)
    assert "dictee_12 differs in ' ' (U+0020) / '_'" in report.refused[0].message


def test_a_report_in_word_is_refused_with_how_to_convert_it(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / "a.wav", bursts([1.0]))
    reports.mkdir()
    (reports / "a.docx").write_bytes(b"PK")
    report = GateReport()
    collect_folders(audio, reports, report)
    assert "a.docx: save it as text (UTF-8) or RTF" in report.refused[0].message


def test_everything_that_was_seen_is_taken_or_named_with_its_reason(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    for number in range(12):
        write(audio / f"{number:02d}.wav", bursts([1.0, 0.8], seed=number))
        report_of(reports, f"{number:02d}.txt", f"Compte rendu numéro {number} normal.")
    write(audio / "copy.wav", bursts([1.0, 0.8], seed=3))
    report_of(reports, "copy.txt", "Compte rendu numéro 3 normal.")
    write(audio / "silent.wav", np.zeros(32_000, np.float32))
    report_of(reports, "silent.txt", "Rien.")
    write(audio / "lost.wav", bursts([1.0]))
    write(audio / "gap.wav", bursts([1.1]))
    report_of(reports, "gap.txt", "Le patient [inaudible].")
    report = GateReport()
    build(collect_folders(audio, reports, report), tmp_path / "dataset", report, skip_bad=True)
    recordings = {name for name, kind in report.seen.items() if kind == "recording"}
    left = recordings & set(report.left_out)
    assert len(recordings) == 16
    assert {Path(name).name for name in left} == {"copy.wav", "silent.wav", "lost.wav", "gap.wav"}
    assert report.accepted == len(recordings) - len(left)
    sums = "\n".join(report.sums())
    assert "recordings: 16 seen, 12 taken, 4 left out" in sums
    for name, reason in (
        ("copy", "same recording as"),
        ("silent", "silence"),
        ("lost", "no report"),
        ("gap", "inaudible"),
    ):
        line = next(line for line in sums.splitlines() if f"{name}.wav:" in line)
        assert reason in line


def test_the_sums_are_there_also_when_nothing_is_published(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / "silent.wav", np.zeros(32_000, np.float32))
    report_of(reports, "silent.txt", "Rien.")
    report = GateReport()
    with pytest.raises(DatasetRefused):
        build(collect_folders(audio, reports, report), tmp_path / "dataset", report)
    assert report.sums()[0] == "recordings: 1 seen, 0 taken, 1 left out"
