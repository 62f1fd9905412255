"""Who is learnt from and who is tested on: splits that share no sentence and, where speakers are known, no speaker."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..text.normalize import normalize

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
        by_speaker = _connected([(*link, f"s{speaker}") if speaker else link for link, (_, speaker) in pairs])
        splits = _fill(by_speaker, shares, salt)
        if _near(splits, shares):
            return Assignment(splits, speakers_disjoint=True)
    groups = _connected(links)
    drawn = [split_by_sentence(name, shares, salt) for name in _names(groups, texts)]
    if not _near(drawn, shares):
        drawn = _fill(groups, shares, salt)  # too few sentences for chance to be fair
    return Assignment(drawn, speakers_disjoint=False)


def _connected(links: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the group of each item: items that share a name, directly or through others, are one group."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    links = list(links)
    for first, *others in links:
        for other in others:
            parent[root(first)] = root(other)
    return [root(names[0]) for names in links]


def _names(groups: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return the text that stands for each item's group, the first in order: a sentence alone stands for itself."""
    first: dict[str, str] = {}
    for group, text in zip(groups, texts, strict=True):
        first[group] = min(first.get(group, text), text)
    return [first[group] for group in groups]


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
