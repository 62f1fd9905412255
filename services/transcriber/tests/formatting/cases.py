"""The case table that a clinician reads and extends."""

from dataclasses import dataclass
from pathlib import Path

from carabin.transcriber.formatting import FormatOptions, Formatted, Formatter

TABLE = Path(__file__).parent / "cases.tsv"
AUTOTEXTS = ("signature", "examen normal")


@dataclass(frozen=True, slots=True)
class Case:
    family: str
    said: str
    written: str


def load_cases() -> list[Case]:
    """Return every case; `=` is spelled out and escapes are resolved."""
    cases = []
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            family, said, written = line.split("\t")
            cases.append(Case(family, said, said if written == "=" else written.replace("\\n", "\n")))
    return cases


def formatter(typography: str = "plain") -> Formatter:
    return Formatter(FormatOptions(typography=typography, autotexts=AUTOTEXTS))  # type: ignore[arg-type]


def spelled(formatted: Formatted) -> str:
    """Return text and events as the table spells them."""
    events = ("{" + ":".join(filter(None, (event.name, event.argument))) + "}" for event in formatted.events)
    return formatted.text + "".join(events)
