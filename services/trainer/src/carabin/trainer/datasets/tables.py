"""Tables as French tools write them: delimiter, encoding and line ends are recognised, everything else is strict.

A quote that never closes swallows the rows that follow; a lenient reader then learns two reports as one. Here every
record must begin and end with its own line, unless a quoted text really has lines in it.
"""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from carabin.service.shortage import translate_shortage

from ..errors import DatasetInvalid
from .file_names import AUDIO_SUFFIXES

DELIMITERS: Final = (",", ";", "\t")
MAX_SHOWN: Final = 80
"""Characters of a first line that an error shows."""
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel and LibreOffice begin: ZIP since 2007, OLE before."""
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class TableFault:
    """A record that cannot be trusted; `line` is where it begins."""

    line: int
    rule: str
    reason: str
    text: str = ""
    """All of it."""


@dataclass(frozen=True)
class Table:
    """The rows that can be read, and those that cannot."""

    frame: pd.DataFrame
    """Columns in lower case without spaces around, all values text; the index is each row's first line."""
    faults: tuple[TableFault, ...]


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    text: str
    fields: list[str]


def read_table(file: Path, required: tuple[str, ...]) -> Table:
    """Read a CSV of any delimiter of DELIMITERS whose first line has the columns `required`.

    Raises:
        DatasetInvalid: missing, in an encoding that is not understood, without those columns or any row, or with a
            quote that never closes; the line is named.
    """
    lines = _lines(_text(file))
    first = 1
    if lines and lines[0].strip().lower().startswith("sep=") and len(lines[0].strip()) == 5:
        first = 2  # Excel's own way to name the delimiter
    lines = lines[first - 1 :]
    delimiter = _delimiter(lines[0] if lines else "", required, file)
    header, *records = _records(lines, first, delimiter, file)
    _refuse_repeated_columns(header, file)
    if not records:
        raise DatasetInvalid(f"{file}: it has no rows")
    faults, sound = [], []
    for record in records:
        fault = _fault(record, len(header.fields), delimiter)
        faults += [fault] if fault else []
        sound += [] if fault else [record]
    text = header.text + "".join(record.text for record in sound)
    frame = pd.read_csv(
        io.StringIO(text, newline=""), sep=delimiter, dtype=str, keep_default_na=False, on_bad_lines="error"
    )
    if len(frame) != len(sound):
        raise DatasetInvalid(f"{file}: its {len(sound)} records are read as {len(frame)} rows: save it as plain CSV")
    frame.columns = frame.columns.str.strip().str.lower()
    frame.index = pd.Index([record.line for record in sound])
    return Table(frame, tuple(faults))


def _text(file: Path) -> str:
    try:
        with translate_shortage(file):
            data = file.read_bytes()
    except OSError as error:
        raise DatasetInvalid(f"{file}: it cannot be read: {error.strerror}") from error
    if data.startswith(_WORKBOOKS):
        raise DatasetInvalid(f"{file}: it is a workbook and not a CSV: save it as « CSV UTF-8 »")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DatasetInvalid(f"{file}: it is not {encoding.upper()} (byte {error.start}): save it as UTF-8") from error
    if "\0" in text:
        raise DatasetInvalid(f"{file}: it holds NUL characters: it is UTF-16 without a mark, or no text; save as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; form feeds and Unicode's separators are characters like others."""
    return list(io.StringIO(text, newline="\n"))


def _refuse_repeated_columns(header: "_Record", file: Path) -> None:
    names = [name.strip().lower() for name in header.fields]
    if twice := [name for name in dict.fromkeys(names) if name and names.count(name) > 1]:
        raise DatasetInvalid(f"{file}:{header.line}: it has more than one column {' and '.join(twice)}: keep one")


def _delimiter(header: str, required: tuple[str, ...], file: Path) -> str:
    for delimiter in DELIMITERS:
        names = {name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])}
        if set(required) <= names:
            return delimiter
    names = {name.strip().lower() for delimiter in DELIMITERS for name in header.replace('"', "").split(delimiter)}
    missing = [name for name in required if name not in names] or list(required)
    there = header.strip()
    reason = f"its first line has no column {' and '.join(missing)}" + (
        f": it is « {there[:MAX_SHOWN]} »" if there else ""
    )
    raise DatasetInvalid(f"{file}: {reason}")


def _records(lines: list[str], first: int, delimiter: str, file: Path) -> list[_Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    records: list[_Record] = []
    begin = 0
    try:
        for fields in reader:
            if any(field.strip() for field in fields):  # Excel writes ";;;" for rows that were emptied
                records.append(_Record(first + begin, "".join(lines[begin : reader.line_num]), fields))
            begin = reader.line_num
    except csv.Error as error:
        reason = "a quote opens here and never closes" if "end of data" in str(error) else f"{error}"
        raise DatasetInvalid(f"{file}:{first + begin}: it cannot be read as CSV: {reason}") from error
    return records


def _fault(record: _Record, columns: int, delimiter: str) -> TableFault | None:
    inner = _lines(record.text)[1:]
    for number, line in enumerate(inner, start=record.line + 1):
        cells = next(csv.reader([line], delimiter=delimiter), [])
        if len(cells) == columns and any(Path(cell.strip()).suffix.lower() in AUDIO_SUFFIXES for cell in cells):
            reason = f"has a quote that swallows line {number}: close it"
            return TableFault(record.line, "csv-quote", reason, record.text)
    if len(record.fields) > columns:
        reason = "has more fields than the first line: put the sentence in double quotes"
        return TableFault(record.line, "csv-fields", reason, record.text)
    if len(record.fields) < columns:
        reason = f"has {len(record.fields)} fields, the first line {columns}"
        return TableFault(record.line, "csv-fields", reason, record.text)
    return None
