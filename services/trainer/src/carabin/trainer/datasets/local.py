"""Datasets of the store on this machine, and which of their dictations are learnt from, replayed and measured on."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from carabin.registry.artifacts.datasets import fetch_dataset, find_dataset
from carabin.registry.store import ObjectStore

from ..data.dictations import Dictation, load_split
from ..errors import DatasetRefused
from ..quality.dataset import check_dataset

GENERAL_VALIDATION: Final = 40
"""General dictations that the budget is measured on: some 400 words, of which a point is four."""


MAX_REPEATS: Final = 4
"""How often an epoch may show the same general dictation: shown more often, a small set is learnt by heart in place of
what it stands for, and its own sentences no longer show what is forgotten."""


@dataclass(frozen=True, slots=True)
class LocalDataset:
    """One version, fetched."""

    name: str
    version: str
    sha256: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def split(self, split: str) -> Sequence[Dictation]:
        """Open one split."""
        return load_split(self.folder, split)


def fetch(store: ObjectStore, bucket: str, spec: str, cache: Path) -> LocalDataset:
    """Return NAME or NAME@VERSION, downloaded unless it is here, and checked for leaks and damage.

    Raises:
        VersionMissing: there is no such dataset or version.
        DatasetRefused: the gate refuses some of its dictations.
    """
    manifest = find_dataset(store, bucket, spec)
    folder = cache / f"{manifest.name}-{manifest.version}"
    if not folder.exists():
        fetch_dataset(store, bucket, manifest, folder)
    if refused := check_dataset(folder).refused:
        dataset = f"{manifest.name}@{manifest.version}"
        raise DatasetRefused(
            f"dataset {dataset} must not be learnt from: {refused[0].message}"
            f" ({len(refused)} in all; `carabin dataset check {dataset}` names them)"
        )
    return LocalDataset(manifest.name, manifest.version, manifest.fingerprint, folder)


class Subset(Sequence[Dictation]):
    """Some dictations of others, decoded when they are asked for."""

    def __init__(self, parts: Sequence[tuple[Sequence[Dictation], int]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Dictation:  # type: ignore[override]
        source, place = self._parts[index]
        return source[place]


class Joined(Subset):
    """Several sets one after the other."""

    def __init__(self, sets: Sequence[Sequence[Dictation]]) -> None:
        super().__init__(list(chain.from_iterable(((each, place) for place in range(len(each))) for each in sets)))


@dataclass(frozen=True)
class Replay:
    """General speech: what is mixed into training, and what the budget is measured on; no sentence is in both."""

    train: Sequence[Dictation]
    validation: Sequence[Dictation]
    test: Sequence[Dictation]
    distinct: int = 0
    """Different dictations among those of `train`."""
    wanted: int = 0
    """How many the share asked for."""

    def __str__(self) -> str:
        repeats = len(self.train) / self.distinct if self.distinct else 0.0
        text = f"general speech in every epoch: {self.distinct} dictations, {repeats:.1f} times each"
        if len(self.train) < self.wanted:
            text += (
                f", which is {len(self.train)} of the {self.wanted} that the share asks for: no more than {MAX_REPEATS}"
                " times; a larger general dataset would be forgotten less"
            )
        return text


def plan_replay(dataset: LocalDataset, n_medical: int, share: float, seed: int) -> Replay:
    """Choose general speech for `share` of the epoch, none of it more than MAX_REPEATS times, and some to validate on.

    Where the validation split is small, sentences of the training split are held out for it, whole sentences, chosen by
    their hash alone.
    """
    train, validation = dataset.split("train"), dataset.split("validation")
    held = _held_out(train, GENERAL_VALIDATION - len(validation))
    free = [place for place in range(len(train)) if place not in held]
    wanted = round(n_medical * share / (1 - share))
    order = np.random.default_rng(seed).permutation(len(free))
    taken = [free[int(order[number % len(order)])] for number in range(min(wanted, MAX_REPEATS * len(free)))]
    parts = [(validation, place) for place in range(len(validation))] + [(train, place) for place in sorted(held)]
    mixed_in = Subset([(train, place) for place in taken])
    return Replay(mixed_in, Subset(parts), dataset.split("test"), distinct=len(set(taken)), wanted=wanted)


def limited(dictations: Sequence[Dictation], limit: int | None) -> Sequence[Dictation]:
    """Return at most `limit` of them, spread evenly."""
    if limit is None or limit >= len(dictations):
        return dictations
    return Subset([(dictations, number * len(dictations) // limit) for number in range(limit)])


def _held_out(train: Sequence[Dictation], wanted: int) -> set[int]:
    if wanted <= 0:
        return set()
    sentences = [dictation.sentence for dictation in train]
    by_hash: Callable[[str], str] = lambda text: hashlib.sha256(text.encode()).hexdigest()  # noqa: E731
    held: set[int] = set()
    for sentence in sorted(set(sentences), key=by_hash):
        if len(held) >= min(wanted, len(train) // 3):
            break
        held |= {place for place, other in enumerate(sentences) if other == sentence}
    return held
