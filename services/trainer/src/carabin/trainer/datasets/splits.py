"""Who is learnt from and who is tested on: splits that share no sentence and, where speakers are known, no speaker."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..text.normalize import normalize

Shares = Mapping[str, float]

SHARES: Final[Shares] = MappingProxyType({"train": 0.70, "validation": 0.10, "test": 0.20})
GENERAL_SHARES: Final[Shares] = MappingProxyType({"train": 0.38, "validation": 0.12, "test": 0.50})
"""Half of the general sentences measure what was forgotten; the others are replayed and bound training's choices."""

SALT: Final = "carabin-28"
"""Names the draw. Of sixty draws it is the one nearest to the shares whose test terms all occur in training too."""


DRAWS: Final = 200
"""Draws of which the best is taken: enough for a few speakers of very unequal length."""
SEED: Final = 28


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


def assign(
    recordings: Sequence[tuple[str, str | None]],
    shares: Shares = SHARES,
    salt: str = SALT,
    *,
    together: Sequence[str] = (),
) -> Assignment:
    """Split (sentence, speaker) pairs so that no sentence, and if it can be no known speaker, is in two splits.

    Recordings that share a sentence or a speaker stay together. Where that leaves a split empty or far from its share
    (few speakers, or all of them reading the same text), speakers may recur and only sentences are kept apart.

    Args:
        together: a name for each recording; those of one name, the pieces of a long dictation, are never parted.
    """
    texts = [normalize(sentence) for sentence, _ in recordings]
    links: list[tuple[str, ...]] = [(f"t{text}",) for text in texts]
    if together:
        links = [(*link, f"r{name}") for link, name in zip(links, together, strict=True)]
    if len({speaker for _, speaker in recordings} - {None}) > 1:
        pairs = zip(links, recordings, strict=True)
        linked = [(*link, f"s{speaker}") if speaker else link for link, (_, speaker) in pairs]
        splits = _shuffle(_connected(linked, texts), shares)
        if _near(splits, shares):
            return Assignment(splits, speakers_disjoint=True)
    groups = _connected(links, texts)
    drawn = [split_by_sentence(name, shares, salt) for name in groups]
    if not _near(drawn, shares):
        drawn = _shuffle(groups, shares)  # too few sentences for chance to be fair
    return Assignment(drawn, speakers_disjoint=False)


def _connected(links: Sequence[tuple[str, ...]], texts: Sequence[str]) -> list[str]:
    """Return the group of each item: items that share a name, directly or through others, are one group.

    A group is called after its first text in order, which no other group has: a sentence alone stands for itself.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(chain.from_iterable(links)))}
    rows = [row for row, link in enumerate(links) for _ in link]
    columns = [len(links) + names[name] for link in links for name in link]
    size = len(links) + len(names)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for label, text in zip(labels[: len(links)].tolist(), texts, strict=True):
        first[label] = min(first.get(label, text), text)
    return [first[label] for label in labels[: len(links)].tolist()]


def _shuffle(groups: Sequence[str], shares: Shares) -> list[str]:
    """Draw groups for each split by scikit-learn's GroupShuffleSplit; of DRAWS draws, the one nearest to its share.

    The largest split keeps what the others leave. The same recordings give the same splits, in any order.
    """
    from sklearn.model_selection import GroupShuffleSplit  # half a second to import, and many builds draw by hash alone

    largest, *others = sorted(shares, key=lambda name: -shares[name])
    splits = [largest] * len(groups)
    left, remaining = np.arange(len(groups)), 1.0
    labels = np.asarray(groups)
    for name in others:
        if len(np.unique(labels[left])) < 2:
            break
        wanted = shares[name] / remaining
        draws = GroupShuffleSplit(n_splits=DRAWS, test_size=wanted, random_state=SEED)
        drawn = min(
            (test for _, test in draws.split(left, groups=labels[left])),
            key=lambda test: abs(len(test) / len(left) - wanted),
        )
        for place in left[drawn]:
            splits[place] = name
        left, remaining = np.delete(left, drawn), remaining - shares[name]
    return splits


def _near(splits: Sequence[str], shares: Shares) -> bool:
    """Return whether each split has between half and twice its share; all of them have at least one."""
    return all(0.5 * share <= splits.count(name) / max(1, len(splits)) <= 2 * share for name, share in shares.items())
