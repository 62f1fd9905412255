"""Finds what a printing program adds to every report: the same words at the end, that nobody dictated."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from .report import GateReport

MIN_REPORTS, MIN_SHARE = 5, 0.5
"""So many reports, and this share of all of them, end alike before the ending is called repeated."""
MIN_WORDS, MAX_WORDS = 4, 40
"""Fewer words are a turn of speech (« examen sans particularité »)."""
SURE_MIN_WORDS: Final = 2
"""Of an ending that is printed for certain (« Page 1/2 »)."""
_VARYING: Final = re.compile(r"\d+")
_PRINTED: Final = re.compile(
    r"\bpage\s*\d+|www\.|https?://|\S+@\S+\.\w+"
    r"|\b(?:imprimé|édité|généré)e?\s+le\b|\b(?:tél|fax)\b\.?\s*:?\s*\d",
    re.IGNORECASE,
)
"""What stands in a footer and is not dictated: page numbers, addresses of the network, telephones, printing dates."""


def judge_footers(reports: Sequence[tuple[str, str]], gate: GateReport) -> set[int]:
    """Name the endings that many reports share; return the places of the reports that may not be learnt with theirs.

    An ending that is printed for certain refuses its reports, each by name. Any other is noted once: it may be a
    closing that is dictated every time.

    Args:
        reports: (name, text) of each; the text on one line.
    """
    endings = [_endings(text) for _, text in reports]
    counts = Counter(ending for its in endings for ending in its)
    enough = max(MIN_REPORTS, MIN_SHARE * len(reports))
    refused: set[int] = set()
    noted: dict[tuple[str, ...], list[int]] = {}
    for place, ((name, text), its) in enumerate(zip(reports, endings, strict=True)):
        shared = next((ending for ending in reversed(its) if counts[ending] >= enough), None)
        if shared is None:
            continue
        written = " ".join(text.split()[-len(shared) :])
        if _PRINTED.search(written):
            refused.add(place)
            reason = (
                f"ends with a footer that {counts[shared]} of {len(reports)} reports have, « {written} »: remove it"
            )
            gate.add(name, "text-footer", "refused", reason)
        elif len(shared) >= MIN_WORDS:
            noted.setdefault(shared, []).append(place)
    for shared, places in noted.items():
        name, text = reports[places[0]]
        written = " ".join(text.split()[-len(shared) :])
        reason = f"ends as {len(places)} of {len(reports)} reports do, « {written} »: if nobody dictates it, remove it"
        gate.add(name, "text-ending", "noted", reason)
    return refused


def _endings(text: str) -> list[tuple[str, ...]]:
    """Return a text's endings from the shortest to the longest, numbers made equal; never the whole text."""
    tokens = _VARYING.sub("0", text.lower()).split()
    longest = min(MAX_WORDS, len(tokens) - 1)
    return [tuple(tokens[-length:]) for length in range(SURE_MIN_WORDS, longest + 1)]
