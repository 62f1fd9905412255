"""Which entries sound like what was written: an index over phonetic keys.

Bigrams of sounds narrow 50,000 entries to some tens for each span of words; rapidfuzz's Levenshtein similarity ranks
those. The hypotheses of a beam share most of their spans, so all of them are looked up in one call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from .bigrams import MIN_SIMILARITY, Bigrams
from .common import is_common
from .entries import Entry, Lexicon
from .phonetics import MIN_SOUNDS, phonetic_key

MAX_CANDIDATES: Final = 16
"""So many fit a prompt of a hundred tokens with room for the session's own words (measured: research of 2026-11)."""
MAX_SPAN: Final = 4
"""Words of a span: « l'aminée d'arone » is four."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a span of the transcript may mean."""

    entry: Entry
    similarity: float
    """Of the phonetic keys, 0 to 1."""


class LexiconIndex:
    """Finds the entries that sound like spans of a transcript. Immutable once made; safe for several threads."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        keys: list[str] = []
        owners: list[int] = []
        key_of = phonetic_key.__wrapped__  # each once: in the cache they would displace what is dictated
        for number, entry in enumerate(lexicon):
            for key in dict.fromkeys(map(key_of, (entry.text, *entry.spoken))):
                if key:
                    keys.append(key)
                    owners.append(number)
        self._keys = keys
        self._owners = owners
        self._exact: dict[str, list[int]] = {}
        for place, key in enumerate(keys):
            self._exact.setdefault(key, []).append(place)
        self._bigrams = Bigrams(keys)

    def candidates(self, words: Sequence[str], limit: int = MAX_CANDIDATES) -> list[Candidate]:
        """Return the entries that sound most like some span of the transcript, best first.

        Args:
            words: the transcript's words in order.
            limit: at most so many entries.
        """
        keys = _span_keys(words)
        return self._ranked(keys, self._similar(keys), limit)

    def candidates_of(self, transcripts: Iterable[Sequence[str]], limit: int = MAX_CANDIDATES) -> list[list[Candidate]]:
        """Return what `candidates` returns for each transcript; what several of them share is looked up once."""
        keys = [_span_keys(words) for words in transcripts]
        found = self._similar({key for of_one in keys for key in of_one})
        return [self._ranked(of_one, found, limit) for of_one in keys]

    def _ranked(
        self, keys: Iterable[str], found: Mapping[str, Sequence[tuple[int, float]]], limit: int
    ) -> list[Candidate]:
        best: dict[int, float] = {}
        for key in keys:
            for place, similarity in found.get(key, ()):
                owner = self._owners[place]
                if similarity > best.get(owner, 0.0):
                    best[owner] = similarity
        ranked = sorted(best.items(), key=lambda item: (-item[1], -self.lexicon.entries[item[0]].count, item[0]))
        return [Candidate(self.lexicon.entries[owner], similarity) for owner, similarity in ranked[:limit]]

    def _similar(self, keys: Iterable[str]) -> dict[str, list[tuple[int, float]]]:
        """Return for each key of a span the places of the entries' keys like it, and how much they are."""
        found: dict[str, list[tuple[int, float]]] = {}
        spans: list[str] = []
        near: list[int] = []
        for key in keys:
            exact = self._exact.get(key)
            if exact is not None:
                found[key] = [(place, 1.0) for place in exact]
            elif len(key) >= MIN_SOUNDS:
                places = [place for place in self._bigrams.near(key) if len(self._keys[place]) >= MIN_SOUNDS]
                near += places
                spans += [key] * len(places)
        if not near:
            return found
        similarities = cpdist(
            spans,
            [self._keys[place] for place in near],
            scorer=Levenshtein.normalized_similarity,
            score_cutoff=MIN_SIMILARITY,
            dtype=np.float64,
        )
        for pair in np.flatnonzero(similarities >= MIN_SIMILARITY).tolist():
            found.setdefault(spans[pair], []).append((near[pair], float(similarities[pair])))
        return found


def _span_keys(words: Sequence[str]) -> list[str]:
    """Return how each span of one to four words sounds that has a rare one."""
    rare = [not is_common(word) for word in words]
    spans = (
        " ".join(words[start : start + length])
        for length in range(1, MAX_SPAN + 1)
        for start in range(len(words) - length + 1)
        if any(rare[start : start + length])
    )
    return list(dict.fromkeys(phonetic_key(span) for span in spans))
