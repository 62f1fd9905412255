"""What became of a spoken case: written right, recognised but not written, or misheard by Whisper; pure.

Right is a text in which every value of the report stands with its unit, and no other but small bare numbers. What is
not right is misheard where `format_recognised` finds that a part of the value is missing in what Whisper wrote;
otherwise it is missed, and that is the formatter's own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from format_recognised import Value, is_recognised, values

Verdict = Literal["right", "missed", "misheard"]


@dataclass(slots=True)
class Outcomes:
    """How many cases came out how."""

    right: int = 0
    missed: int = 0
    misheard: int = 0

    @property
    def cases(self) -> int:
        return self.right + self.missed + self.misheard

    def add(self, verdict: Verdict) -> None:
        setattr(self, verdict, getattr(self, verdict) + 1)


def judge(wanted: str, transcript: str, formatted: str) -> Verdict:
    """Return what became of a spoken case.

    Args:
        wanted: the report that was dictated, in plain typography.
        transcript: what Whisper wrote.
        formatted: what the formatter made of the transcript, in plain typography.
    """
    expected, found = Counter(_folded(values(wanted))), Counter(_folded(values(formatted)))
    if not expected - found and all(_is_bare(value) for value in found - expected):
        return "right"
    return "missed" if is_recognised(wanted, transcript) else "misheard"


def _folded(found: Sequence[Value]) -> list[tuple[str, str]]:
    """Return values without what may differ: case, and « °C » for degrees."""
    texts = ((value.text + "°" if value.unit == "°C" else value.text, value.unit) for value in found)
    return [(text.casefold(), "" if unit == "°C" else unit) for text, unit in texts]


def _is_bare(value: tuple[str, str]) -> bool:
    """Return whether a value is « 2 » of « 2 mois », which Whisper writes in digits and we in words."""
    return len(value[0]) == 1 and not value[1]
