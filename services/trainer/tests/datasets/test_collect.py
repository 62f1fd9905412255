"""Tests of how recordings find their reports, and of sums that add up."""

import errno
import os
import unicodedata
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from carabin.trainer.datasets.build import build
from carabin.trainer.datasets.collect import collect_folders
from carabin.trainer.errors import DatasetInvalid, DatasetRefused
from carabin.trainer.quality.report import GateReport

from ..helpers.sounds import bursts, encode, write


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
    assert "is DS2 (DSS Pro), which its recorder's program alone reads: export it" in report.refused[0].message
    assert report.left_out[str(audio / "index.xml")] == "is no sound, by its name"
    assert "other files: 2 seen, 0 taken, 2 left out" in report.sums()


CONTAINERS = [
    ("a.ac3", "ac3", "ac3"), ("b.TS", "mpegts", "aac"), ("c.g722", "g722", "g722"), ("d.722", "g722", "g722"),
    ("e.mp2", "mp2", "mp2"), ("f.flv", "flv", "aac"), ("g.tta", "tta", "tta"), ("h.rm", "rm", "ac3"),
    ("i.eac3", "eac3", "eac3"), ("j.mpg", "mpeg", "mp2"), ("k.latm", "latm", "aac"), ("l", "mpegts", "ac3"),
]  # fmt: skip


def test_recordings_of_telephony_and_of_films_become_a_dataset(tmp_path: Path) -> None:
    audio, reports, report = tmp_path / "audio", tmp_path / "reports", GateReport()
    for place, (name, container, codec) in enumerate(CONTAINERS):
        encode(audio / name, bursts([1.0, 0.8], seed=place), container, codec)
        report_of(reports, f"{Path(name).stem}.txt", f"Examen numéro {place} sans particularité.")
    built = build(collect_folders(audio, reports, report), tmp_path / "out", report)
    assert report.sums()[0] == f"recordings: {len(CONTAINERS)} seen, {len(CONTAINERS)} taken, 0 left out"
    assert report.refused == []
    assert sum(size.duration_s for size in built.sizes.values()) == pytest.approx(2.8 * len(CONTAINERS), rel=0.05)


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


def test_a_report_in_any_other_form_is_named_with_or_without_its_recording(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    for name in ("a.wav", "b.wav"):
        write(audio / name, bursts([1.0]))
    reports.mkdir()
    for name in ("A.DOCX", "b.pages", "lone.docx"):
        (reports / name).write_bytes(b"PK")
    report = GateReport()
    assert collect_folders(audio, reports, report) == []
    reasons = [finding.reason for finding in report.refused]
    assert [next(name for name in ("A.DOCX", "b.pages") if name in reason) for reason in reasons] == [
        "A.DOCX",
        "b.pages",
    ]
    assert all("save it as text (UTF-8) or RTF" in reason for reason in reasons)
    assert report.left_out[str(reports / "lone.docx")] == "is no report that is read (.rtf, .txt)"


def test_links_are_followed_once_and_what_cannot_be_looked_at_is_refused_by_name(tmp_path: Path) -> None:
    audio, reports, share = tmp_path / "audio", tmp_path / "reports", tmp_path / "share"
    write(audio / "own" / "a.wav", bursts([1.0]))
    write(share / "b.wav", bursts([1.1]))
    (share / "back").symlink_to(tmp_path)
    (audio / "above").symlink_to(tmp_path)
    (audio / "own" / "loop").symlink_to(audio)
    (audio / "again").symlink_to(audio / "own")
    (audio / "share").symlink_to(share)
    (audio / "gone.wav").symlink_to("nowhere.wav")
    os.mkfifo(audio / "pipe.wav")
    for name in ("own/a.txt", "share/b.txt"):
        report_of((reports / name).parent, Path(name).name, "Examen normal.")
    report = GateReport()
    found = collect_folders(audio, reports, report)
    assert [candidate.audio for candidate in found] == [audio / "own" / "a.wav", audio / "share" / "b.wav"]
    assert {finding.message for finding in report.refused} == {
        f"{audio / 'gone.wav'} is a link to nothing",
        f"{audio / 'pipe.wav'} is no file: a pipe, a socket or a device",
    }


def test_a_folder_that_may_not_be_opened_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / "a.wav", bursts([1.0]))
    write(audio / "closed" / "b.wav", bursts([1.0]))
    report_of(reports, "a.txt", "Examen normal.")
    scandir = os.scandir

    def as_another_user(folder: Any) -> Any:  # root may open everything
        if not isinstance(folder, int) and Path(folder).name == "closed":  # by number where folders are removed
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", as_another_user)
    report = GateReport()
    assert len(collect_folders(audio, reports, report)) == 1
    assert report.refusal().endswith(f"{audio / 'closed'} cannot be opened: Permission denied")


def test_what_programs_and_shares_leave_behind_is_not_counted(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / "a.wav", bursts([1.0]))
    report_of(reports, "a.txt", "Examen normal.")
    for name in ("Thumbs.db", "DESKTOP.INI", "ehthumbs.db", "Icon\r", "~$a.docx", ".~lock.a.odt#", "@eaDir/a.wav",
                 "$RECYCLE.BIN/S-1/$R1.wav", ".Trashes/501/b.wav", "System Volume Information/c.wav"):  # fmt: skip
        write(audio / "x.wav", bursts([1.0])).rename(report_of((audio / name).parent, Path(name).name, ""))
    report = GateReport()
    assert len(collect_folders(audio, reports, report)) == 1
    assert report.findings == []
    assert list(report.seen) == [str(audio / "a.wav")]


def test_names_of_any_kind_find_their_report(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    names = ("😀 dictée n°1 «x»", "L" * 200, "new\nline", "12.03.2026 dictée", "trailing ", "a/b/c/d/e/f/g/h/i/j/deep")
    for name in names:
        write(audio / f"{name}.wav", bursts([1.0]))
        report_of((reports / f"{name}.txt").parent, f"{Path(name).name}.txt", "Examen normal.")
    report = GateReport()
    assert len(collect_folders(audio, reports, report)) == len(names)
    assert report.findings == []


def test_a_missing_report_is_named_where_it_should_be(tmp_path: Path) -> None:
    audio, reports = tmp_path / "audio", tmp_path / "reports"
    write(audio / "anne" / "a.wav", bursts([1.0]))
    reports.mkdir()
    report = GateReport()
    collect_folders(audio, reports, report)
    assert f"has no report: {reports / 'anne' / 'a.txt'} does not exist" in report.refusal()


def test_an_archive_in_place_of_a_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "audio.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(DatasetInvalid, match=r"audio\.zip: it is a file and not a folder: unpack it"):
        collect_folders(tmp_path / "audio.zip", tmp_path, GateReport())


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


def test_a_name_in_a_code_page_of_windows_is_refused_and_stops_nothing_later(tmp_path: Path) -> None:
    for folder, suffix in (("audio", "wav"), ("reports", "txt")):
        (tmp_path / folder).mkdir()
        for name in (b"a", b"dict\xe9e"):
            (tmp_path / folder / os.fsdecode(name + b"." + suffix.encode())).write_bytes(b"Le patient va bien.")
    report = GateReport()
    [found] = collect_folders(tmp_path / "audio", tmp_path / "reports", report)
    assert found.audio.name == "a.wav"
    assert [finding.reason for finding in report.refused] == [
        "has a name in another encoding than UTF-8: rename it"
    ] * 2
    assert "dict\\xe9e.wav" in "\n".join(report.sums())
