"""Which entries may stand for which words of a transcript, all compared at once, and which are sure to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from .common import is_french
from .drugs import is_drug
from .entries import Entry, fold
from .phonetics import MIN_SOUNDS
from .spans import Span, forms_of, is_kept, least_of
from .thresholds import RARE_SIMILARITY, SURE_DRUG_SIMILARITY, SURE_SIMILARITY


@dataclass(frozen=True, slots=True)
class Likeness:
    """An entry that may stand for a span."""

    span: Span
    entry: Entry
    written: str
    """The entry's text, with an article where that sounds more alike."""
    similarity: float
    sounds: int
    """Of the entry's key."""


def likenesses(spans: Sequence[Span], entries: Iterable[Entry], articles: Iterable[str]) -> list[Likeness]:
    """Return which entries may stand for which spans, those that sound most alike first.

    All are compared in one call. Of an entry that may be written with an article and without, what sounds more alike.
    """
    forms = [(key, text, entry) for entry in entries for article in articles for key, text in forms_of(entry, article)]
    if not spans or not forms:
        return []
    similarities = cdist(
        [span.sounds for span in spans],
        [key for key, *_ in forms],
        scorer=Levenshtein.normalized_similarity,
        score_cutoff=RARE_SIMILARITY,
        dtype=np.float64,
    )
    found: list[Likeness] = []
    for place, column in np.argwhere(similarities >= RARE_SIMILARITY).tolist():
        span, (key, text, entry) = spans[place], forms[column]
        similarity = float(similarities[place, column])
        if similarity >= least_of(span, entry) and not is_kept(span, entry, fold(entry.text)):
            found.append(Likeness(span, entry, text, similarity, len(key)))
    best: dict[tuple[int, int, Entry], Likeness] = {}
    for one in sorted(found, key=lambda one: -one.similarity):
        best.setdefault((one.span.start, one.span.end, one.entry), one)
    return list(best.values())


def is_sure(found: Likeness) -> bool:
    """Say whether the entry is taken without a second opinion: French has none of the words, and they sound as it.

    An article that was not written apart is taken where it and the entry sound exactly as the word does:
    « lépatectomie » is « l'hépatectomie », and the first letter of « lapatinib » no article of « afatinib ».
    """
    least = SURE_DRUG_SIMILARITY if is_drug(found.entry) else SURE_SIMILARITY
    if found.written != found.entry.text:
        least = 1.0
    return (
        found.similarity >= least and found.sounds >= MIN_SOUNDS and not any(map(is_french, found.span.phrase.split()))
    )
