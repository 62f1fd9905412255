"""The clinicians' tables for the formatter's bench: their cases, and how many of each kind come out as written."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from carabin.transcriber.formatting import Formatter
from format_judge import judge
from format_recognised import values

TABLES: Final = Path(__file__).parents[1] / "services/transcriber/tests/formatting/tables"
WHISPER: Final = TABLES / "whisper"
AUTOTEXTS: Final = ("signature", "examen normal")
_TOTALS: Final = ("cases", "right", "by_whisper", "commands", "executed", "words", "false_conversions")
_OUTCOMES: Final = {
    "right": ("recognised", "recognised_right"),
    "missed": ("recognised",),
    "misheard": ("misheard",),
}
CHOSEN: Final = "chosen"
"""Texts by Whisper base that were chosen because it had recognised the numbers: no share is made of them."""
MARKS: Final = re.compile(r"[,;:?!…()«»\"]|\.(?![0-9])|\n+")


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a table."""

    table: str
    kind: str
    given: str
    written: str
    stays: bool
    """The words must stay exactly as they were given."""
    origin: str
    """spoken: as it is said · digits: the same with its numbers in digits · whisper: really decoded from a voice."""
    verdict: str = ""
    model: str = ""
    wanted: str = ""
    """The report that was dictated, of what Whisper wrote."""


@dataclass(frozen=True, slots=True)
class KindScore:
    """The cases of one kind, by how they are given."""

    spoken: int
    spoken_right: int
    digits: int
    """The spoken cases with their numbers in digits."""
    digits_right: int
    recognised: int
    """Whisper's own texts that hold what was said."""
    recognised_right: int
    """Of these, the ones whose values are all written as the report asks."""
    misheard: int


@dataclass(frozen=True, slots=True)
class TableScore:
    cases: int
    right: int
    """As their line of the table says."""
    by_whisper: int
    """Cases that Whisper wrote."""
    commands: int
    """Cases that ask for a sign, a line, a bracket or an event."""
    executed: int
    words: int
    """Cases that must stay words."""
    false_conversions: int
    kinds: dict[str, KindScore]
    wrong: list[str]


def read_rows(path: Path) -> list[list[str]]:
    """Return the lines of a tab-separated table without its comments."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if line.strip() and not line.startswith("#"))
        return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def cases() -> Iterator[Row]:
    """Yield every case of every table."""
    for path in sorted(TABLES.rglob("*.tsv")):
        origin = path.parent.name if path.parent != TABLES else "spoken"
        for kind, given, written, *decoded in read_rows(path):
            text = given if written == "=" else written.replace("\\n", "\n")
            yield Row(path.stem, kind, given, text, written == "=", origin, *decoded)


def score_tables(formatter: Formatter) -> TableScore:
    """Run every case of the clinicians' tables."""
    totals: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    wrong = []
    for row in cases():
        formatted = formatter.final(row.given)
        events = "".join("{" + ":".join(filter(None, (each.name, each.argument))) + "}" for each in formatted.events)
        passed = formatted.text + events == row.written
        totals.update(cases=1, right=passed, by_whisper=row.origin == "whisper")
        if row.origin != "whisper":
            kinds.setdefault(row.kind, Counter()).update({row.origin: 1, f"{row.origin}_right": passed})
            totals.update(_kind_of_task(row, passed))
        elif row.model != CHOSEN and values(row.wanted):
            verdict = judge(row.wanted, row.given, formatted.text)
            kinds.setdefault(row.kind, Counter()).update(_OUTCOMES[verdict])
        if not passed:
            wrong.append(row.given)
    scores = {
        kind: KindScore(**{field.name: kinds[kind][field.name] for field in fields(KindScore)})
        for kind in sorted(kinds)
    }
    return TableScore(**{name: totals[name] for name in _TOTALS}, kinds=scores, wrong=wrong)


def _kind_of_task(row: Row, passed: bool) -> dict[str, int]:
    if row.stays:
        return {"words": 1, "false_conversions": not passed}
    if len(MARKS.findall(row.written)) > len(MARKS.findall(row.given)) or "{" in row.written:
        return {"commands": 1, "executed": passed}
    return {}
