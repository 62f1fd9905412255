"""Which entries sound like what was written: an index over phonetic keys.

Bigrams of sounds narrow 50,000 entries to some tens for each span of words; rapidfuzz's Levenshtein similarity ranks
those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from .common import is_common
from .entries import Entry, Lexicon
from .phonetics import phonetic_key

MAX_CANDIDATES: Final = 16
"""So many fit a prompt of a hundred tokens with room for the session's own words (measured: research of 2026-11)."""
MAX_SPAN: Final = 4
"""Words of a span: « l'aminée d'arone » is four."""
MIN_SIMILARITY: Final = 0.62
"""Of the keys, as 1 - distance / longer length. Below it a candidate is more often another word (same research)."""
MIN_SOUNDS: Final = 4
"""Keys of three sounds and fewer resemble too much; such entries are found by an exact key only."""
DOUBTED: Final = 0.5
"""A common word that the model gave a lower probability may be a misrecognised entry."""
_SHARED: Final = 0.34
"""Share of a span's bigrams that an entry must have: at a similarity of 0.62 about half of them survive."""
_PER_SPAN: Final = 48
_SOUND_BITS: Final = 21
"""Unicode has so many; two sounds and a place are one integer of 64 bits."""
_PLACE_BITS: Final = 21
"""Two million keys: ten for each of a lexicon's 200,000 entries."""


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
        self._postings = _postings(keys)
        self._lengths = np.fromiter((len(key) for key in keys), np.int16, len(keys))

    def candidates(
        self, words: Sequence[str], probabilities: Sequence[float] | None = None, limit: int = MAX_CANDIDATES
    ) -> list[Candidate]:
        """Return the entries that sound most like some span of the transcript, best first.

        Args:
            words: the transcript's words in order.
            probabilities: what the model gave each word; common words below `DOUBTED` are looked up too.
            limit: at most so many entries.
        """
        best: dict[int, float] = {}
        for span in _spans(words, probabilities):
            for place, similarity in self._similar(phonetic_key(" ".join(span))):
                owner = self._owners[place]
                if similarity > best.get(owner, 0.0):
                    best[owner] = similarity
        ranked = sorted(best.items(), key=lambda item: (-item[1], -self.lexicon.entries[item[0]].count, item[0]))
        return [Candidate(self.lexicon.entries[owner], similarity) for owner, similarity in ranked[:limit]]

    def _similar(self, key: str) -> list[tuple[int, float]]:
        exact = [(place, 1.0) for place in self._exact.get(key, ())]
        if exact or len(key) < MIN_SOUNDS:
            return exact
        bigrams = _bigrams(key)
        found = [self._postings[bigram] for bigram in bigrams if bigram in self._postings]
        if not found:
            return []
        counts = np.bincount(np.concatenate(found), minlength=len(self._keys))
        places = np.flatnonzero(counts >= max(1.0, _SHARED * len(bigrams)))
        lengths = self._lengths[places]
        places = places[np.abs(lengths - len(key)) <= (1 - MIN_SIMILARITY) * np.maximum(lengths, len(key))]
        shared = counts[places]
        if len(places) > _PER_SPAN:
            places = places[np.argpartition(-shared, _PER_SPAN)[:_PER_SPAN]]
        scored = (
            (int(place), Levenshtein.normalized_similarity(key, self._keys[place], score_cutoff=MIN_SIMILARITY))
            for place in places
            if self._lengths[place] >= MIN_SOUNDS
        )
        return [(place, similarity) for place, similarity in scored if similarity >= MIN_SIMILARITY]


def _spans(words: Sequence[str], probabilities: Sequence[float] | None) -> list[tuple[str, ...]]:
    """Return every span of one to four words with one that is rare, or that the model doubted."""
    rare = [not is_common(word) for word in words]
    if probabilities is not None:
        rare = [odd or doubt < DOUBTED for odd, doubt in zip(rare, probabilities, strict=True)]
    spans = {
        tuple(words[start : start + length])
        for length in range(1, MAX_SPAN + 1)
        for start in range(len(words) - length + 1)
        if any(rare[start : start + length])
    }
    return sorted(spans)


def _bigrams(key: str) -> set[str]:
    padded = f"^{key}$"
    return {padded[place : place + 2] for place in range(len(padded) - 1)}


def _postings(keys: Sequence[str]) -> dict[str, NDArray[np.int32]]:
    """Return for each bigram the places of the keys that hold it, each once, all of them views of one array."""
    if not keys:
        return {}
    sounds = np.frombuffer("".join(f"^{key}$" for key in keys).encode("utf-32-le"), np.uint32).astype(np.int64)
    owners = np.repeat(np.arange(len(keys), dtype=np.int64), [len(key) + 2 for key in keys])
    inside = owners[:-1] == owners[1:]
    codes = (sounds[:-1] << _SOUND_BITS | sounds[1:])[inside]
    found = np.sort(codes << _PLACE_BITS | owners[:-1][inside])
    found = found[np.diff(found, prepend=-1) != 0]  # np.unique hashes, ten times as slow on these
    codes, places = found >> _PLACE_BITS, (found & ((1 << _PLACE_BITS) - 1)).astype(np.int32)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    low = (1 << _SOUND_BITS) - 1
    names = (chr(int(code) >> _SOUND_BITS) + chr(int(code) & low) for code in codes[starts])
    return dict(zip(names, np.split(places, starts[1:]), strict=True))
