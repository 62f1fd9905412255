"""The clinicians' tables for the formatter's bench: their cases, and how many of each kind come out as written."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.transcriber.formatting import Formatter

TABLES: Final = Path(__file__).parents[1] / "services/transcriber/tests/formatting/tables"
MARKS: Final = re.compile(r"[,;:?!…()«»\"]|\.(?![0-9])|\n+")


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a table."""

    kind: str
    given: str
    written: str
    stays: bool
    """The words must stay exactly as they were given."""
    by_whisper: bool
    """Given as Whisper wrote it, not as it was said."""


@dataclass(frozen=True, slots=True)
class TableScore:
    cases: int
    right: int
    by_whisper: int
    """Cases that are given as Whisper wrote them."""
    commands: int
    """Cases that ask for a sign, a line, a bracket or an event."""
    executed: int
    words: int
    """Cases that must stay words."""
    false_conversions: int
    kinds: dict[str, tuple[int, int]]
    """By kind: how many came out as written, and of how many."""
    wrong: list[str]


def read_rows(path: Path) -> list[list[str]]:
    """Return the lines of a tab-separated table without its comments."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if line.strip() and not line.startswith("#"))
        return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def cases() -> Iterator[Row]:
    """Yield every case of every table."""
    for path in sorted(TABLES.rglob("*.tsv")):
        for kind, given, written in read_rows(path):
            text = given if written == "=" else written.replace("\\n", "\n")
            yield Row(kind, given, text, written == "=", path.parent != TABLES)


def score_tables(formatter: Formatter) -> TableScore:
    """Run every case of the clinicians' tables."""
    commands = executed = words = false = whisper = 0
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrong = []
    for row in cases():
        formatted = formatter.final(row.given)
        events = "".join("{" + ":".join(filter(None, (each.name, each.argument))) + "}" for each in formatted.events)
        passed = formatted.text + events == row.written
        total[row.kind] += 1
        right[row.kind] += passed
        whisper += row.by_whisper
        if row.stays:
            words += 1
            false += not passed
        elif len(MARKS.findall(row.written)) > len(MARKS.findall(row.given)) or "{" in row.written:
            commands += 1
            executed += passed
        if not passed:
            wrong.append(row.given)
    kinds = {kind: (right[kind], total[kind]) for kind in sorted(total)}
    return TableScore(total.total(), right.total(), whisper, commands, executed, words, false, kinds, wrong)
