"""Finds recordings and their sentences in tables of `audio,sentence`, and the recordings beside them without a row."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..data.dictations import SPLITS
from ..quality.report import GateReport
from ..quality.text import judge_text
from .collect import CandidateDictation
from .file_names import AUDIO_SUFFIXES, FileFinder, PathMapping, is_absolute, is_file, is_ignored, written_name
from .tables import read_table

COLUMNS: Final = ("audio", "sentence")


@dataclass(slots=True)
class NamedRecordings:
    """The recordings that rows name, and where others like them may lie."""

    files: set[str] = field(default_factory=set)
    """Real paths."""
    unread: list[str] = field(default_factory=list)
    """Rows that cannot be read: what they name is not known for certain."""
    flat: set[Path] = field(default_factory=set)
    """Folders that recordings lie in."""
    deep: set[Path] = field(default_factory=set)
    """Folders beside a table that recordings lie in or under."""

    def add(self, audio: Path, beside: Path) -> None:
        """Take a recording that a row names of a table in the folder `beside`."""
        self.files.add(os.path.realpath(audio))
        inner = audio.relative_to(beside).parts if audio.is_relative_to(beside) else ()
        if len(inner) > 1 and ".." not in inner:
            self.deep.add(beside / inner[0])
        else:
            self.flat.add(audio.parent)

    def others(self) -> Iterator[Path]:
        """Yield the recordings, by their suffix, that no row names, in order."""
        near = {file for folder in self.flat for file in folder.glob("*")}
        near |= {file for folder in self.deep for file in folder.rglob("*")}
        for file in sorted(near):
            if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file() and not is_ignored(Path(file.name)):
                known = os.path.realpath(file) in self.files or any(file.name in text for text in self.unread)
                if not known:
                    yield file


def collect_tables(
    tables: Sequence[tuple[Path, str | None]], report: GateReport, *, mappings: Sequence[PathMapping] = ()
) -> list[CandidateDictation]:
    """Read each (table, split of its rows or None); recordings beside them that no row names are left out by name.

    Raises:
        DatasetInvalid: as `collect_csv`.
    """
    named, found = NamedRecordings(), []
    for file, split in tables:
        found += collect_csv(file, report, split=split, mappings=mappings, named=named)
    names = " or ".join(file.name for file, _ in tables)
    for file in named.others():
        name = written_name(file)
        report.see(name, "recording without a row")
        report.leave_out(name, f"is named by no row of {names}")
    return found


def collect_csv(
    file: Path,
    report: GateReport,
    *,
    split: str | None = None,
    mappings: Sequence[PathMapping] = (),
    named: NamedRecordings | None = None,
) -> list[CandidateDictation]:
    """Read a table with the columns audio and sentence, and speaker and split if it has them.

    Paths are relative to the table's folder, or else to the working folder, as notebooks have them; those of another
    machine need a mapping.

    Args:
        split: of its rows; those of a training table may name validation themselves. None where each row says it.
        mappings: what paths of another machine are here; the first that fits is taken.
        named: receives each recording that a row names, whatever becomes of the row.

    Raises:
        DatasetInvalid: the file is missing, in an unknown encoding, has no such columns or no rows.
    """
    table = read_table(file, COLUMNS)
    named = named if named is not None else NamedRecordings()
    for fault in table.faults:
        report.see(f"{file}:{fault.line}", "row")
        report.add(f"{file}:{fault.line}", fault.rule, "refused", fault.reason)
        named.unread.append(fault.text)
    finders = [FileFinder(file.parent), FileFinder(Path())]
    mapped = [(mapping, FileFinder(mapping.here)) for mapping in mappings]
    found = []
    for line, row in table.frame.iterrows():
        where, name = f"{file}:{line}", str(row["audio"]).strip()
        report.see(where, "row")
        own = str(row.get("split", "")).strip().casefold()
        fixed = own or split
        audio = _located(name, finders, mapped)
        if audio is not None:
            named.add(audio, file.parent)
        if not name:
            report.add(where, "audio-missing", "refused", "names no recording")
            continue
        if fixed and fixed not in SPLITS:
            reason = f"names the split {fixed!r}: it must be one of {', '.join(SPLITS)}"
            report.add(where, "csv-split", "refused", reason)
            continue
        if split and fixed != split and "test" in (fixed, split):
            reason = f"names the split {fixed!r} in the table of the {split} split: correct it, or move it to its table"
            report.add(where, "csv-split", "refused", reason)
            continue
        if audio is None:
            report.add(where, "audio-missing", "refused", _not_found(name, file))
            continue
        text = judge_text(str(row["sentence"]), where, report)
        if text is not None:
            speaker = str(row.get("speaker", "")).strip() or None
            found.append(CandidateDictation(audio, text, where, speaker, fixed, where))
    return found


def _located(
    name: str, finders: Sequence[FileFinder], mappings: Sequence[tuple[PathMapping, FileFinder]]
) -> Path | None:
    for mapping, finder in mappings:
        if (mapped := mapping.apply(name)) is not None:
            return finder.find(str(mapped.relative_to(mapping.here)))
    if is_absolute(name):
        return Path(name) if is_file(Path(name)) else None
    return next((found for finder in finders if (found := finder.find(name)) is not None), None)


def _not_found(name: str, file: Path) -> str:
    if is_absolute(name):
        return (
            f"names {name}, which is not on this machine: put the recordings beside {file.name}, or name their folder"
            " with --map THERE=HERE"
        )
    return f"names {name}, which does not exist beside {file.name} nor in the working folder"
