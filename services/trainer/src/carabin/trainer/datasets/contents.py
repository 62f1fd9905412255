"""What is in a dataset folder, in figures: hours, speakers, words, terms, durations; and how two datasets differ."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..data.dictations import SplitTexts
from ..data.index import read_texts
from ..text.normalize import words
from ..text.terms import TermIndex, load_terms

BIN_EDGES_S: Final = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)
"""Edges of the duration histogram; each bin holds its lower edge, the last one its upper edge too."""


@dataclass(frozen=True, slots=True)
class SplitContents:
    """One split in figures."""

    dictations: int
    share: float
    """Of all dictations of the dataset."""
    duration_s: float
    speakers: int
    """Known speakers; dictations without one count for none."""
    words: int
    terms: int
    """Occurrences of listed terms."""
    histogram: list[int]
    """Dictations in each bin of `BIN_EDGES_S`."""


@dataclass(frozen=True, slots=True)
class DatasetContents:
    """A dataset in figures."""

    splits: dict[str, SplitContents]
    duration_s: float
    speakers: int
    words: int
    distinct_words: int
    terms: dict[str, int]
    """How often each listed term occurs, the most frequent first."""

    @property
    def dictations(self) -> int:
        """How many dictations there are in all splits."""
        return sum(split.dictations for split in self.splits.values())

    @property
    def histogram(self) -> list[int]:
        """Dictations of all splits in each bin of `BIN_EDGES_S`."""
        return [sum(counts) for counts in zip(*(split.histogram for split in self.splits.values()), strict=True)]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for machines."""
        return {
            "dictations": self.dictations, "histogram": self.histogram, "bin_edges_s": list(BIN_EDGES_S),
        } | asdict(self)  # fmt: skip


def bin_names() -> list[str]:
    """Return the bins of the histogram as they are written: « 2-5 s »."""
    return [f"{low:g}-{high:g} s" for low, high in pairwise(BIN_EDGES_S)]


def read_contents(folder: Path, terms_file: Path | None = None) -> DatasetContents:
    """Count what a dataset folder holds; no sound is decoded.

    Args:
        folder: with the splits, or with the index alone.
        terms_file: terms to look for, one a line; those of the corpus without one.

    Raises:
        DatasetInvalid: a split is missing or is not one of ours.
    """
    splits = read_texts(folder)
    index, total = TermIndex(load_terms(terms_file)), sum(len(split) for split in splits.values())
    terms: Counter[str] = Counter()
    vocabulary: set[str] = set()
    found = {}
    for name, split in splits.items():
        tokens = [words(sentence) for sentence in split.sentences]
        here = Counter(term for text in tokens for term, _, _ in index.find(text))
        terms.update(here)
        vocabulary.update(*tokens)
        found[name] = SplitContents(
            dictations=len(split), share=len(split) / max(1, total), duration_s=round(sum(split.durations_s), 3),
            speakers=len(_speakers(split)), words=sum(map(len, tokens)), terms=here.total(),
            histogram=np.histogram(split.durations_s, BIN_EDGES_S)[0].tolist(),
        )  # fmt: skip
    return DatasetContents(
        splits=found, duration_s=round(sum(split.duration_s for split in found.values()), 3),
        speakers=len(set().union(*map(_speakers, splits.values()))),
        words=sum(split.words for split in found.values()), distinct_words=len(vocabulary),
        terms=dict(sorted(terms.items(), key=lambda item: (-item[1], item[0]))),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatasetDifference:
    """How dataset B differs from dataset A; a recording is the same where its sound is, byte for byte."""

    added: list[str]
    """Sources of recordings that only B has."""
    removed: list[str]
    """Sources of recordings that only A has."""
    reworded: list[tuple[str, str, str]]
    """(source, text in A, text in B) of recordings whose text changed."""
    moved: list[tuple[str, str, str]]
    """(source, split in A, split in B) of recordings that are in another split."""
    same: int
    """Recordings with the same text in the same split."""


def difference(first: Path, second: Path) -> DatasetDifference:
    """Compare two dataset folders, or their indices, by the hashes of their recordings.

    Raises:
        DatasetInvalid: a split is missing or is not one of ours.
    """
    before, after = _by_hash(first), _by_hash(second)
    both = [digest for digest in after if digest in before]
    reworded = [digest for digest in both if before[digest][2] != after[digest][2]]
    moved = [digest for digest in both if before[digest][0] != after[digest][0]]
    return DatasetDifference(
        added=[its[1] for digest, its in after.items() if digest not in before],
        removed=[its[1] for digest, its in before.items() if digest not in after],
        reworded=[(after[digest][1], before[digest][2], after[digest][2]) for digest in reworded],
        moved=[(after[digest][1], before[digest][0], after[digest][0]) for digest in moved],
        same=len(both) - len({*reworded, *moved}),
    )


def _by_hash(folder: Path) -> Mapping[str, tuple[str, str, str]]:
    """Return (split, source, sentence) of each recording by the hash of its sound."""
    found = {}
    for name, split in read_texts(folder).items():
        rows = zip(split.hashes, split.sources, split.sentences, strict=True)
        found.update({digest: (name, source, sentence) for digest, source, sentence in rows})
    return found


def _speakers(split: SplitTexts) -> set[str]:
    return {speaker for speaker in split.speakers if speaker}
