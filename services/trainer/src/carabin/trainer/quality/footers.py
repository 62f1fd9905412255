"""Finds what a printing program adds to every report: the same words at the end, that nobody dictated."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
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
    texts = [_VARYING.sub("0", text.lower()) for _, text in reports]
    enough = max(MIN_REPORTS, MIN_SHARE * len(reports))
    refused: set[int] = set()
    noted: dict[str, list[int]] = {}
    for place, (shared, count) in sorted(_longest_shared(texts, enough).items()):
        name, text = reports[place]
        n_words = len(shared.split())
        written = " ".join(text.split()[-n_words:])
        if _PRINTED.search(written):
            refused.add(place)
            reason = f"ends with a footer that {count} of {len(reports)} reports have, « {written} »: remove it"
            gate.add(name, "text-footer", "refused", reason)
        elif n_words >= MIN_WORDS:
            noted.setdefault(shared, []).append(place)
    for shared, places in noted.items():
        name, text = reports[places[0]]
        written = " ".join(text.split()[-len(shared.split()) :])
        reason = f"ends as {len(places)} of {len(reports)} reports do, « {written} »: if nobody dictates it, remove it"
        gate.add(name, "text-ending", "noted", reason)
    return refused


def _longest_shared(texts: Sequence[str], enough: float) -> dict[int, tuple[str, int]]:
    """Return, by place, the longest ending that at least `enough` texts have, and how many have it.

    Whoever shares a long ending shares a shorter one: only texts whose ending was shared are asked for a longer one.
    """
    found: dict[int, tuple[str, int]] = {}
    places: Iterable[int] = range(len(texts))
    for length in range(SURE_MIN_WORDS, MAX_WORDS + 1):
        endings = {place: ending for place in places if (ending := _ending(texts[place], length)) is not None}
        counts = Counter(endings.values())
        longer = {place: (ending, counts[ending]) for place, ending in endings.items() if counts[ending] >= enough}
        if not longer:
            break
        found |= longer
        places = longer
    return found


def _ending(text: str, length: int) -> str | None:
    """Return a text's last so many words; None where that is all of it."""
    parts = text.rsplit(None, length)
    return " ".join(parts[1:]) if len(parts) > length else None
