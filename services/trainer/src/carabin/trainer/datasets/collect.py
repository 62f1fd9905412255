"""Finds recordings and their reports: in two folders by name, or in a CSV of `audio,sentence`."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..data.dictations import SPLITS
from ..errors import DatasetInvalid
from ..quality.audio import SUFFIXES
from ..quality.report import Action, GateReport
from ..quality.text import judge_text, read_report

COLUMNS: Final = ("audio", "sentence")


@dataclass(frozen=True, slots=True)
class CandidateDictation:
    """A recording and its text, not yet listened to; `split` where the source fixes it."""

    audio: Path
    text: str
    text_file: str
    speaker: str | None = None
    split: str | None = None


def collect_folders(
    audio_dir: Path, report_dir: Path, report: GateReport, *, speakers_from_folders: bool = False
) -> list[CandidateDictation]:
    """Pair `audio_dir/a/b.wav` with `report_dir/a/b.txt`; what has no partner is reported.

    Args:
        speakers_from_folders: the first folder under `audio_dir` names the speaker.

    Raises:
        DatasetInvalid: a folder is missing, or there is no recording.
    """
    recordings = _by_name(audio_dir, SUFFIXES)
    texts = _by_name(report_dir, (".txt",))
    if not recordings:
        raise DatasetInvalid(f"{audio_dir}: it holds no recording ({', '.join(SUFFIXES)})")
    found = []
    for name, files in recordings.items():
        if len(files) > 1:
            for file in files:
                others = ", ".join(other.name for other in files if other != file)
                report.add(file, "audio-name", "refused", f"has the same name as {others}: its report is ambiguous")
            continue
        if name not in texts:
            report.add(files[0], "report-missing", "refused", f"has no report: {report_dir / name}.txt does not exist")
            continue
        text = read_report(texts[name][0], report)
        if text is not None:
            parts = files[0].relative_to(audio_dir).parts
            speaker = parts[0] if speakers_from_folders and len(parts) > 1 else None
            found.append(CandidateDictation(files[0], text, str(texts[name][0]), speaker))
    for name in texts.keys() - recordings.keys():
        report.add(texts[name][0], "audio-missing", "noted", f"has no recording: {audio_dir / name}.* does not exist")
    return found


def _by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, list[Path]]:
    """Return the files under `folder`, by their path without the suffix."""
    if not folder.is_dir():
        raise DatasetInvalid(f"{folder}: it is not a folder")
    found: dict[str, list[Path]] = defaultdict(list)
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix.lower() in suffixes:
            found[file.relative_to(folder).with_suffix("").as_posix()].append(file)
    return dict(found)


def collect_csv(file: Path, report: GateReport, *, split: str | None = None) -> list[CandidateDictation]:
    """Read a CSV with the columns audio and sentence, and speaker and split if it has them.

    Paths are relative to the CSV's folder, or else to the working folder, as notebooks have them. `split` fixes the
    split of all its rows.

    Raises:
        DatasetInvalid: the file is missing, not UTF-8, has no such columns or no rows.
    """
    rows = _rows(file)
    found = []
    for number, row in enumerate(rows, start=2):  # line 1 is the header
        where = f"{file}:{number}"
        name = (row.get("audio") or "").strip()
        fixed = split or (row.get("split") or "").strip() or None
        if fault := _row_fault(row, name, fixed):
            report.add(where, *fault)
            continue
        text = judge_text(row.get("sentence") or "", where, report)
        if text is not None:
            speaker = (row.get("speaker") or "").strip() or None
            found.append(CandidateDictation(_beside(file, name), text, where, speaker, fixed))
    return found


def _row_fault(row: Mapping[str | None, Any], name: str, split: str | None) -> tuple[str, Action, str] | None:
    """Return the rule, action and reason for which a row is refused before its recording is looked at."""
    if None in row:
        return "csv-fields", "refused", "has more fields than the first line: put the sentence in double quotes"
    if not name:
        return "audio-missing", "refused", "names no recording"
    if split and split not in SPLITS:
        return "csv-split", "refused", f"names the split {split!r}: it must be one of {', '.join(SPLITS)}"
    return None


def _beside(file: Path, name: str) -> Path:
    beside = file.parent / name
    return beside if beside.exists() or not Path(name).exists() else Path(name)


def _rows(file: Path) -> list[dict[str | None, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            delimiter = ";" if first.count(";") > first.count(",") else ","
            reader = csv.DictReader(lines, delimiter=delimiter)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise DatasetInvalid(f"{file}: its first line has no column {' and '.join(missing)}")
            rows: list[dict[str | None, Any]] = list(reader)
    except UnicodeDecodeError as error:
        raise DatasetInvalid(f"{file}: it is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except csv.Error as error:
        raise DatasetInvalid(f"{file}: it cannot be read as CSV: {error}") from error
    except OSError as error:
        raise DatasetInvalid(f"{file}: it cannot be read: {error.strerror}") from error
    if not rows:
        raise DatasetInvalid(f"{file}: it has no rows")
    return rows
