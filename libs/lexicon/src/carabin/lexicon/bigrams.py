"""Which of 50,000 phonetic keys share sounds with one: posting lists of bigrams, ordered by the keys' lengths.

A key that is much longer or shorter than another cannot be like it, so of each list only the stretch of fitting lengths
is read.
"""

from collections.abc import Sequence
from functools import cache
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

MIN_SIMILARITY: Final = 0.62
"""Of the keys, as 1 - distance / longer length. Below it a candidate is more often another word (docs/lexicon.md)."""
MIN_SHARED: Final = 0.34
"""Share of a key's bigrams that another must have: at a similarity of 0.62 about half of them survive."""
MOST_NEAR: Final = 48
_SOUND_BITS: Final = 21
"""Unicode has so many; two sounds and a place are one integer of 64 bits."""
_PLACE_BITS: Final = 21
"""Two million keys: ten for each of a lexicon's 200,000 entries."""


class Bigrams:
    """Posting lists over keys of at least one sound. Immutable once made."""

    def __init__(self, keys: Sequence[str]) -> None:
        lengths = np.fromiter(map(len, keys), np.int64, len(keys))
        self._order = np.argsort(lengths, kind="stable").astype(np.int32)
        """The key's place, by its rank among the keys ordered by length."""
        self._first = np.searchsorted(lengths[self._order], np.arange(int(lengths.max(initial=0)) + 2))
        """The rank of the first key of each length."""
        codes = _codes([keys[place] for place in self._order])
        self._ranks = (codes & ((1 << _PLACE_BITS) - 1)).astype(np.int32)
        names = codes >> _PLACE_BITS
        distinct = names[np.flatnonzero(np.diff(names, prepend=-1))]
        self._rows = {_name(int(name)): row for row, name in enumerate(distinct)}
        self._starts = np.searchsorted(codes, distinct[:, None] << _PLACE_BITS | self._first[None, :]).astype(np.int32)
        """Where in `_ranks` each bigram's keys of each length begin, (bigrams, lengths)."""

    def near(self, key: str) -> list[int]:
        """Return the places of the keys that share most bigrams with one, `MOST_NEAR` at most, in no order."""
        bigrams = _bigrams(key)
        rows = [self._rows[bigram] for bigram in bigrams if bigram in self._rows]
        least, most = _fitting_lengths(len(key))
        most = min(most, len(self._first) - 2)
        if not rows or most < least:
            return []
        begin, end = self._first[least], self._first[most + 1]
        stretches = self._starts[rows][:, [least, most + 1]].tolist()
        found = np.concatenate([self._ranks[start:stop] for start, stop in stretches])
        counts = np.bincount(np.subtract(found, begin, dtype=np.int64), minlength=end - begin)
        ranks = np.flatnonzero(counts >= ceil(max(1.0, MIN_SHARED * len(bigrams))))
        places = self._order[begin:end][ranks]
        if len(places) > MOST_NEAR:  # of those that share equally many the first in the lexicon
            score = (counts[ranks] << _PLACE_BITS) - places
            places = places[np.argpartition(-score, MOST_NEAR)[:MOST_NEAR]]
        return [int(place) for place in places]


@cache
def _fitting_lengths(length: int) -> tuple[int, int]:
    """Return the least and the most sounds of a key that may be similar to one of `length`."""
    longest = int(length / MIN_SIMILARITY) + 1
    fitting = [
        other for other in range(longest + 1) if abs(other - length) <= (1 - MIN_SIMILARITY) * max(other, length)
    ]
    return fitting[0], fitting[-1]


def _bigrams(key: str) -> set[str]:
    padded = f"^{key}$"
    return {padded[place : place + 2] for place in range(len(padded) - 1)}


def _codes(keys: Sequence[str]) -> NDArray[np.int64]:
    """Return each bigram and the place of a key that holds it as one integer, sorted, each pair once."""
    sounds = np.frombuffer("".join(f"^{key}$" for key in keys).encode("utf-32-le"), np.uint32).astype(np.int64)
    owners = np.repeat(np.arange(len(keys), dtype=np.int64), [len(key) + 2 for key in keys])
    inside = owners[:-1] == owners[1:]
    names = (sounds[:-1] << _SOUND_BITS | sounds[1:])[inside]
    found: NDArray[np.int64] = np.sort(names << _PLACE_BITS | owners[:-1][inside])
    # np.unique hashes, ten times as slow on these
    distinct: NDArray[np.int64] = found[np.diff(found, prepend=-1) != 0]
    return distinct


def _name(code: int) -> str:
    return chr(code >> _SOUND_BITS) + chr(code & ((1 << _SOUND_BITS) - 1))
