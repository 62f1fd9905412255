"""The reports that a lexicon is built from: text, RTF, tables and JSON lines, decoded as those of a dataset are."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from carabin.lexicon.errors import LexiconInvalid
from carabin.trainer.datasets.file_names import AUDIO_SUFFIXES, REPORT_SUFFIXES, walk
from carabin.trainer.datasets.tables import read_table
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.quality.mend import mend
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.text import decode_report

LeaveOut = Callable[[str, str], None]
"""Takes what is not read, a file or a line of it, and why."""
KINDS: Final = ".txt, .rtf, .csv, .tsv and .jsonl files"


def read_reports(path: Path, column: str, leave_out: LeaveOut) -> Iterator[str]:
    """Yield the texts of a folder's files, or of one file; recordings beside them are passed over.

    Args:
        column: of tables and of JSON lines; capitals do not count.
        leave_out: receives each file and each row that cannot be read.

    Raises:
        LexiconInvalid: there is nothing at the path.
    """
    if not path.exists():
        raise LexiconInvalid(f"{path}: there is no such file or folder")
    files = walk(path, lambda file, reason: leave_out(str(file), reason)) if path.is_dir() else [path]
    for file in files:
        if file.suffix.lower() not in AUDIO_SUFFIXES:
            yield from _texts(file, column.strip().lower(), leave_out)


def _texts(file: Path, column: str, leave_out: LeaveOut) -> Iterator[str]:
    kind = file.suffix.lower()
    if kind in REPORT_SUFFIXES:
        text = _decoded(file, leave_out)
        yield from [] if text is None else [text]
    elif kind in (".csv", ".tsv"):
        yield from _rows(file, column, leave_out)
    elif kind == ".jsonl":
        yield from _lines(file, column, leave_out)
    else:
        leave_out(str(file), f"is none of {KINDS}")


def _decoded(file: Path, leave_out: LeaveOut) -> str | None:
    judged = GateReport()
    text = decode_report(file, judged)
    if text is None:
        leave_out(str(file), "; ".join(finding.reason for finding in judged.findings))
        return None
    if "\ufffd" in text:
        leave_out(str(file), "holds U+FFFD where letters were lost: export it again as UTF-8")
        return None
    return mend(text)[0]


def _rows(file: Path, column: str, leave_out: LeaveOut) -> Iterator[str]:
    try:
        table = read_table(file, (column,))
    except DatasetInvalid as error:
        leave_out(str(file), f"{str(error).removeprefix(str(file)).lstrip(': ')}; --column names another column")
        return
    for fault in table.faults:
        leave_out(f"{file}:{fault.line}", fault.reason)
    for text in table.frame[column]:
        yield mend(text)[0]


def _lines(file: Path, column: str, leave_out: LeaveOut) -> Iterator[str]:
    text = _decoded(file, leave_out) or ""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = {name.lower(): value for name, value in json.loads(line).items()}
            yield str(fields[column])
        except (ValueError, KeyError, AttributeError):
            leave_out(f"{file}:{number}", f"is no JSON object with {column!r}; --column names another field")
