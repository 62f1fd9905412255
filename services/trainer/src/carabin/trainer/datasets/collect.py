"""Finds recordings and their reports in two folders, by name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.service.audio import HEAD_BYTES, open_audio, what_it_is
from carabin.service.errors import AudioFileRefused
from carabin.service.shortage import translate_shortage

from ..errors import DatasetInvalid
from ..quality.report import GateReport
from ..quality.text import read_report
from .file_names import (
    AUDIO_SUFFIXES,
    NO_SOUND_SUFFIXES,
    REPORT_SUFFIXES,
    look_alike,
    name_key,
    walk,
)

DOCUMENTS: Final = frozenset({".docx", ".doc", ".odt", ".pdf"})
"""Reports in these forms, which lie among recordings too."""


@dataclass(frozen=True, slots=True)
class CandidateDictation:
    """A recording and its text, not yet decoded; `split` where the source fixes it."""

    audio: Path
    text: str
    text_file: str
    speaker: str | None = None
    split: str | None = None
    item: str = ""
    """What the build counts: the recording, or the row that names it."""


def collect_folders(
    audio_dir: Path, report_dir: Path, report: GateReport, *, speakers_from_folders: bool = False
) -> list[CandidateDictation]:
    """Pair `audio_dir/a/b.wav` with `report_dir/a/b.txt`; whatever has no partner is named.

    Names are the same when they differ in case only, or in how an accent is encoded.

    Args:
        speakers_from_folders: the first folder under `audio_dir` names the speaker.

    Raises:
        DatasetInvalid: a folder is missing, or there is no recording.
    """
    recordings = _by_key(audio_dir, [file for file in _files(audio_dir, report) if _is_recording(file, report)])
    sounds = {file for files in recordings.values() for file in files}
    beside = [file for file in _files(report_dir, report) if file not in sounds]
    texts = _by_key(report_dir, [file for file in beside if file.suffix.lower() in REPORT_SUFFIXES])
    others = _by_key(report_dir, [file for file in beside if file.suffix.lower() not in REPORT_SUFFIXES])
    if not recordings:
        raise DatasetInvalid(f"{audio_dir}: it holds no recording ({', '.join(sorted(AUDIO_SUFFIXES))})")
    lone = [key for key in texts if key not in recordings]
    unpaired = [key for key in recordings if key not in texts]
    found = []
    for key, files in recordings.items():
        for file in files:
            report.see(file, "recording")
        partner = report_dir / files[0].relative_to(audio_dir).with_suffix(".txt")
        text = _paired(key, files, texts, others, lone, partner, report)
        if text is not None:
            parts = files[0].relative_to(audio_dir).parts
            speaker = parts[0] if speakers_from_folders and len(parts) > 1 else None
            found.append(CandidateDictation(files[0], text, str(texts[key][0]), speaker, item=str(files[0])))
    for key in lone:
        for file in texts[key]:
            report.see(file, "lone report")
            near = look_alike(key, unpaired)
            reason = f"has no recording: {audio_dir / key}.* does not exist" + (f"; {near}" if near else "")
            report.add(file, "audio-missing", "refused", reason)
    for file in (file for files in others.values() for file in files):
        if str(file) not in report.seen:
            report.see(file, "other file")
            report.leave_out(file, f"is no report that is read ({', '.join(sorted(REPORT_SUFFIXES))})")
    return found


def _paired(
    key: str,
    files: Sequence[Path],
    texts: Mapping[str, Sequence[Path]],
    others: Mapping[str, Sequence[Path]],
    lone: Sequence[str],
    partner: Path,
    report: GateReport,
) -> str | None:
    """Return the text of a recording's report; what stands against it is reported.

    Args:
        others: files among the reports in forms that are not read.
        lone: keys of reports without a recording.
        partner: where the report should be.
    """
    if len(files) > 1:
        for file in files:
            rivals = ", ".join(other.name for other in files if other != file)
            report.add(file, "audio-name", "refused", f"has the same name as {rivals}: its report is ambiguous")
        return None
    if key not in texts:
        if key in others:
            reason = f"has a report in a form that is not read, {others[key][0].name}: save it as text (UTF-8) or RTF"
            report.add(files[0], "report-form", "refused", reason)
            return None
        alike = look_alike(key, lone)
        reason = f"has no report: {partner} does not exist" + (f"; {alike}" if alike else "")
        report.add(files[0], "report-missing", "refused", reason)
        return None
    if len(texts[key]) > 1:
        names = ", ".join(file.name for file in texts[key])
        report.add(files[0], "report-name", "refused", f"has more than one report: {names}")
        return None
    text = read_report(texts[key][0], report)
    if text is None:
        reason = report.left_out.get(str(texts[key][0]), "cannot be read")
        report.leave_out(files[0], f"its report {texts[key][0].name} {reason}")
    return text


def _is_recording(file: Path, report: GateReport) -> bool:
    """Return whether a file is sound, by its name, or by its content where the name is unknown; others are counted."""
    suffix = file.suffix.lower()
    if suffix in AUDIO_SUFFIXES:
        return True
    if suffix in REPORT_SUFFIXES | DOCUMENTS:
        return False
    report.see(file, "other file")
    if suffix in NO_SOUND_SUFFIXES:
        report.leave_out(file, "is no sound, by its name")
        return False
    try:
        with translate_shortage(file), file.open("rb") as opened:
            foreign = what_it_is(opened.read(HEAD_BYTES))
            opened.seek(0)
            with open_audio(opened):
                del report.seen[str(file)]
                return True
    except OSError as error:
        reason = f"cannot be opened: {error.strerror or error}"
    except AudioFileRefused:
        reason = foreign or "is no recording in a container that is read: convert it, or take it out of this folder"
    report.add(file, "audio-container", "refused", reason)
    return False


def _files(folder: Path, report: GateReport) -> list[Path]:
    """Return the files under a folder; those that cannot be looked at are refused by name.

    Raises:
        DatasetInvalid: it is no folder.
    """
    if not folder.is_dir():
        packed = "a file and not a folder: unpack it if it is an archive" if folder.is_file() else "not a folder"
        raise DatasetInvalid(f"{folder}: it is {packed}")

    def refuse(file: Path, reason: str) -> None:
        if str(file) not in report.seen:
            report.see(file, "other file")
            report.add(file, "file-unreadable", "refused", reason)

    return walk(folder, refuse)


def _by_key(folder: Path, files: Sequence[Path]) -> dict[str, list[Path]]:
    """Return files under `folder` by the key of their path without the suffix."""
    found: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        found[name_key(file.relative_to(folder).with_suffix("").as_posix())].append(file)
    return dict(found)
