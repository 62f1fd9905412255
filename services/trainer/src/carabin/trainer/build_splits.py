"""Who is learnt from and who is tested on: splits that share no sentence and, where speakers are known, no speaker."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from .normalize import normalize

Shares = Mapping[str, float]

SHARES: Final[Shares] = MappingProxyType({"train": 0.70, "validation": 0.10, "test": 0.20})
GENERAL_SHARES: Final[Shares] = MappingProxyType({"train": 0.38, "validation": 0.12, "test": 0.50})
"""Half of the general sentences measure what was forgotten; the others are replayed and bound training's choices."""

SALT: Final = "carabin-28"
"""Names the draw. Of sixty draws it is the one nearest to the shares whose test terms all occur in training too."""


def split_by_sentence(sentence: str, shares: Shares = SHARES, salt: str = SALT) -> str:
    """Return the split of a sentence: the same on every machine, and untouched by what other sentences there are."""
    digest = hashlib.sha256(f"{salt}\0{normalize(sentence)}".encode()).digest()
    draw, reached = int.from_bytes(digest[:8], "big") / 2**64, 0.0
    for split, share in shares.items():
        reached += share
        if draw < reached:
            return split
    return list(shares)[-1]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The split of each recording, in the order given, and whether speakers are kept apart too."""

    splits: Sequence[str]
    speakers_disjoint: bool


def assign(recordings: Sequence[tuple[str, str | None]], shares: Shares = SHARES, salt: str = SALT) -> Assignment:
    """Split (sentence, speaker) pairs so that no sentence, and if it can be no speaker, is in two splits.

    Recordings that share a sentence or a speaker stay together. Where that leaves a split empty or far from its share
    (few speakers, or all of them reading the same text), speakers may recur and only sentences are kept apart.
    """
    texts = [normalize(sentence) for sentence, _ in recordings]
    if all(speaker is not None for _, speaker in recordings) and len({speaker for _, speaker in recordings}) > 1:
        groups = _connected([(f"t{text}", f"s{speaker}") for text, (_, speaker) in zip(texts, recordings, strict=True)])
        splits = _fill(groups, shares, salt)
        if _near(splits, shares):
            return Assignment(splits, speakers_disjoint=True)
    by_sentence = [split_by_sentence(text, shares, salt) for text in texts]
    if not _near(by_sentence, shares):
        by_sentence = _fill(texts, shares, salt)  # too few sentences for chance to be fair
    return Assignment(by_sentence, speakers_disjoint=False)


def _connected(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return the name of each pair's group: pairs that share either name, directly or through others, are one group."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    pairs = list(pairs)
    for first, second in pairs:
        parent[root(first)] = root(second)
    return [root(first) for first, _ in pairs]


def _fill(groups: Sequence[str], shares: Shares, salt: str) -> list[str]:
    """Give whole groups, the largest first, to the split that lacks most of its share."""
    sizes: dict[str, int] = defaultdict(int)
    for group in groups:
        sizes[group] += 1
    order = sorted(sizes, key=lambda group: (-sizes[group], hashlib.sha256(f"{salt}\0{group}".encode()).digest()))
    filled = dict.fromkeys(shares, 0)
    chosen = {}
    for group in order:
        split = min(shares, key=lambda name: (filled[name] / shares[name], -shares[name]))
        chosen[group] = split
        filled[split] += sizes[group]
    return [chosen[group] for group in groups]


def _near(splits: Sequence[str], shares: Shares) -> bool:
    """Return whether each split has between half and twice its share; all of them have at least one."""
    return all(0.5 * share <= splits.count(name) / max(1, len(splits)) <= 2 * share for name, share in shares.items())
