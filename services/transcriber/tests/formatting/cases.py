"""The case tables that a clinician reads and extends."""

from dataclasses import dataclass
from pathlib import Path

from carabin.transcriber.formatting import FormatOptions, Formatted, Formatter

TABLES = Path(__file__).parent / "tables"
AUTOTEXTS = ("signature", "examen normal")


@dataclass(frozen=True, slots=True)
class Case:
    family: str
    given: str
    written: str
    table: str
    origin: str
    """spoken: as it is said · digits: the same with its numbers in digits · whisper: really decoded from a voice."""
    verdict: str = ""
    """Of Whisper's own: right, missed, or misheard, which no formatting can mend."""
    model: str = ""
    wanted: str = ""
    """The report that was dictated."""


def load_cases() -> list[Case]:
    """Return every case of every table; `=` is spelled out and escapes are resolved."""
    cases = []
    for path in sorted(TABLES.rglob("*.tsv")):
        for line in path.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                family, given, written, *decoded = line.split("\t")
                text = given if written == "=" else written.replace("\\n", "\n")
                origin = path.parent.name if path.parent != TABLES else "spoken"
                cases.append(Case(family, given, text, path.stem, origin, *decoded))
    return cases


def formatter(typography: str = "plain") -> Formatter:
    return Formatter(FormatOptions(typography=typography, autotexts=AUTOTEXTS))  # type: ignore[arg-type]


def spelled(formatted: Formatted) -> str:
    """Return text and events as the table spells them."""
    events = ("{" + ":".join(filter(None, (event.name, event.argument))) + "}" for event in formatted.events)
    return formatted.text + "".join(events)
