"""Who is learnt from and who is tested on: splits that share no sentence and, where speakers are known, no speaker."""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, eye_array, kron
from scipy.sparse.csgraph import connected_components

from ..text.normalize import normalize
from .file_names import name_key

Shares = Mapping[str, float]
Floats = npt.NDArray[np.float64]

SHARES: Final[Shares] = MappingProxyType({"train": 0.70, "validation": 0.10, "test": 0.20})
GENERAL_SHARES: Final[Shares] = MappingProxyType({"train": 0.38, "validation": 0.12, "test": 0.50})
"""Half of the general sentences measure what was forgotten; the others are replayed and bound training's choices."""

SALT: Final = "carabin-28"
"""Names the draw. Of sixty draws it is the one nearest to the shares whose test terms all occur in training too."""

NEAR: Final = 2.0
"""A split between half and twice its share is near it."""
FAR: Final = 2.0**20
"""No split of a corpus is further from its share, unless it is empty."""


def split_by_sentence(sentence: str, shares: Shares = SHARES, salt: str = SALT) -> str:
    """Return the split of a sentence: the same on every machine, and untouched by what other sentences there are."""
    return _split_at(_place(sentence, salt), shares)


def _place(name: str, salt: str) -> float:
    """Return where a name lies in [0, 1), on which the splits lie one behind the other.

    A group's sentence is normalised here a second time, which changes some: earlier releases drew so.
    """
    digest = hashlib.sha256(f"{salt}\0{normalize(name)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _split_at(place: float, shares: Shares) -> str:
    return list(shares)[min(bisect_right(list(accumulate(shares.values())), place), len(shares) - 1)]


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

    Recordings that share a sentence or a speaker stay together, and such a group keeps its split when others come, in
    a later version of the dataset: a hash of its name draws it. Where the hash leaves a split empty or far from its
    share, as is likely with few speakers, those groups are moved that lie nearest to the split's edge. Where no
    division is near the shares (fewer than five speakers of one length, or all of them reading the same text),
    speakers may recur and only sentences are kept apart. Names of speakers that differ in case, in spaces or in how
    an accent is encoded are one.

    Args:
        together: a name for each recording; those of one name, the pieces of a long dictation, are never parted.
    """
    texts = [normalize(sentence) for sentence, _ in recordings]
    links: list[tuple[str, ...]] = [(f"t{text}",) for text in texts]
    if together:
        links = [(*link, f"r{name}") for link, name in zip(links, together, strict=True)]
    speakers = [_speaker_key(speaker) for _, speaker in recordings]
    if len(set(speakers) - {""}) > 1:
        linked = [(*link, f"s{its}") if its else link for link, its in zip(links, speakers, strict=True)]
        names = [f"\0{its}" if its else text for its, text in zip(speakers, texts, strict=True)]
        splits = _draw(_connected(linked, names), shares, salt)
        if _near(splits, shares):
            return Assignment(splits, speakers_disjoint=True)
    return Assignment(_draw(_connected(links, texts), shares, salt), speakers_disjoint=False)


def _speaker_key(speaker: str | None) -> str:
    return name_key(" ".join((speaker or "").split()))


def _connected(links: Sequence[tuple[str, ...]], own: Sequence[str]) -> list[str]:
    """Return the group of each item: items that share a name, directly or through others, are one group.

    A group is called after the first in order of what its items are called by themselves, their speaker or sentence:
    what a speaker adds does not rename it, and a sentence alone stands for itself.
    """
    nodes = {name: number for number, name in enumerate(dict.fromkeys(chain.from_iterable(links)))}
    rows = [row for row, link in enumerate(links) for _ in link]
    columns = [len(links) + nodes[name] for link in links for name in link]
    size = len(links) + len(nodes)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for label, name in zip(labels[: len(links)].tolist(), own, strict=True):
        first[label] = min(first.get(label, name), name)
    return [first[label] for label in labels[: len(links)].tolist()]


def _draw(groups: Sequence[str], shares: Shares, salt: str) -> list[str]:
    """Return the split of each item: its group's by hash, with as few changes as bring every split near its share."""
    drawn = [_split_at(_place(group, salt), shares) for group in groups]
    if _near(drawn, shares):
        return drawn
    changed = _mend(Counter(groups), shares, salt)
    return [changed[group] for group in groups] if changed else drawn


def _mend(sizes: Mapping[str, int], shares: Shares, salt: str) -> dict[str, str] | None:
    """Return each group's split, as near the shares as can be, or None where there are fewer groups than splits.

    What is least is the sum over the groups of how far each lies from its split, so that another group changes little.
    The same groups give the same splits, in any order.
    """
    groups = sorted(sizes)
    if len(groups) < len(shares):
        return None
    wanted = np.array(list(shares.values()))
    ends = np.cumsum(wanted)
    places = np.array([[_place(group, salt)] for group in groups])
    moves = np.maximum(ends - wanted - places, 0) + np.maximum(places - ends, 0)
    weights = np.array([sizes[group] for group in groups]) / sum(sizes.values())
    reach, chosen = NEAR, None
    while chosen is None and reach <= FAR:
        chosen = _least_moved(moves, weights, wanted, reach)
        reach *= 2
    return None if chosen is None else {group: list(shares)[at] for group, at in zip(groups, chosen, strict=True)}


def _least_moved(moves: Floats, weights: Floats, wanted: Floats, reach: float) -> list[int] | None:
    """Return the split of each group, by scipy's integer program; None where no division is in reach of the shares.

    Args:
        moves: (groups, splits), what each group costs in each split.
        weights: (groups,), each group's part of the whole.
        wanted: (splits,), each split's share of the whole, which may become `reach` times larger or smaller.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to import, and most builds draw by hash alone

    n_groups, n_splits = moves.shape
    each_once = LinearConstraint(kron(eye_array(n_groups), np.ones((1, n_splits))), 1, 1)
    in_reach = LinearConstraint(kron(weights[None], eye_array(n_splits)), wanted / reach, wanted * reach)
    solved = milp(
        moves.ravel(), integrality=1, bounds=Bounds(0, 1), constraints=[each_once, in_reach],
        options={"mip_rel_gap": 0},
    )  # fmt: skip
    return None if solved.x is None else list(solved.x.reshape(moves.shape).argmax(1))


def _near(splits: Sequence[str], shares: Shares) -> bool:
    """Return whether each split has between half and twice its share; all of them have at least one."""
    parts = {name: splits.count(name) / max(1, len(splits)) for name in shares}
    return all(share / NEAR <= parts[name] <= share * NEAR for name, share in shares.items())
