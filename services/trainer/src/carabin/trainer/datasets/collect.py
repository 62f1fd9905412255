"""Finds recordings and their reports in two folders, by name."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.service.audio import open_audio
from carabin.service.errors import AudioFileRefused

from ..errors import DatasetInvalid
from ..quality.report import GateReport
from ..quality.text import read_report
from .file_names import (
    AUDIO_SUFFIXES,
    NO_SOUND_SUFFIXES,
    REPORT_SUFFIXES,
    is_ignored,
    look_alike,
    name_key,
)

DOCUMENTS: Final = frozenset({".docx", ".doc", ".odt", ".pdf"})
"""Reports in these forms are refused with how to convert them."""


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
    recordings = _by_name(audio_dir, lambda file: _is_recording(file, report))
    texts = _by_name(report_dir, lambda file: file.suffix.lower() in REPORT_SUFFIXES)
    if not recordings:
        raise DatasetInvalid(f"{audio_dir}: it holds no recording ({', '.join(sorted(AUDIO_SUFFIXES))})")
    lone = [key for key in texts if key not in recordings]
    unpaired = [key for key in recordings if key not in texts]
    found = []
    for key, files in recordings.items():
        for file in files:
            report.see(file, "recording")
        text = _paired(key, files, texts, lone, report_dir, report)
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
    return found


def _paired(
    key: str,
    files: Sequence[Path],
    texts: Mapping[str, Sequence[Path]],
    lone: Sequence[str],
    report_dir: Path,
    report: GateReport,
) -> str | None:
    """Return the text of a recording's report; what stands against it is reported."""
    if len(files) > 1:
        for file in files:
            others = ", ".join(other.name for other in files if other != file)
            report.add(file, "audio-name", "refused", f"has the same name as {others}: its report is ambiguous")
        return None
    if key not in texts:
        document = next((file for suffix in DOCUMENTS if (file := report_dir / f"{key}{suffix}").is_file()), None)
        if document:
            reason = f"has a report in a form that is not read, {document.name}: save it as text (UTF-8) or RTF"
            report.add(files[0], "report-form", "refused", reason)
            return None
        alike = look_alike(key, lone)
        reason = f"has no report: {report_dir / files[0].stem}.txt does not exist" + (f"; {alike}" if alike else "")
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
    if suffix not in NO_SOUND_SUFFIXES:
        try:
            with file.open("rb") as opened, open_audio(opened):
                return True
        except (AudioFileRefused, OSError):
            reason = "is no recording in a container that is read: convert it, or take it out of this folder"
            report.see(file, "other file")
            report.add(file, "audio-container", "refused", reason)
            return False
    report.see(file, "other file")
    report.leave_out(file, "is no sound, by its name")
    return False


def _by_name(folder: Path, wanted: Callable[[Path], bool]) -> dict[str, list[Path]]:
    """Return the files under `folder`, by the key of their path without the suffix."""
    if not folder.is_dir():
        raise DatasetInvalid(f"{folder}: it is not a folder")
    found: dict[str, list[Path]] = defaultdict(list)
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not is_ignored(file.relative_to(folder)) and wanted(file):
            found[name_key(file.relative_to(folder).with_suffix("").as_posix())].append(file)
    return dict(found)
