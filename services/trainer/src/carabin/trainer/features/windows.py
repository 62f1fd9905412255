"""How much audio context each batch computes: its own longest dictation, some silence, and no more.

Whisper pads everything to 30 s; most dictations last 5. What a batch does not hold is not computed, and the silence
after the speech varies, so that the model learns to stop in short windows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from carabin.registry.serving_window import FULL_WINDOW
from torch.utils.data import DataLoader, Sampler

GRID_FRAMES: Final = 100
"""Windows are whole seconds: few shapes, so that kernels and cached encoder states are shared."""
POOL_BATCHES: Final = 16
"""Dictations of so many batches are sorted by length together: near-equal lengths, another order each epoch."""


@dataclass(frozen=True, slots=True)
class TrainingWindow:
    """The window of a dictation, in mel frames: its speech, `margin`, up to `trailing` by chance, `floor` at least."""

    floor: int = 200
    margin: int = 50
    trailing: int = 250

    def draw(self, n_frames: int, chance: float) -> int:
        """Return the window for speech of `n_frames`, given `chance` in [0, 1)."""
        wanted = max(self.floor, n_frames + self.margin + int(chance * self.trailing))
        return min(FULL_WINDOW, -(-wanted // GRID_FRAMES) * GRID_FRAMES)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One dictation as one batch wants it: `epoch` seeds its augmentation, `window` is its length in mel frames."""

    index: int
    epoch: int
    window: int


class BucketSampler(Sampler[list[BatchItem]]):
    """Yields batches of near-equal lengths, in an order that depends on the seed and the epoch alone.

    Every process draws the same batches and takes its own share of each, so that any number of processes computes what
    one would.

    Args:
        windows: the least window of each dictation, in mel frames.
        fixed: each dictation has its one window, cached; a batch then never mixes windows.
    """

    def __init__(
        self,
        windows: Sequence[int],
        batch_size: int,
        *,
        seed: int,
        fixed: bool,
        trailing: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self._windows = np.asarray(windows)
        self.batch_size = batch_size
        self._seed = seed
        self._fixed = fixed
        self._trailing = trailing
        self._rank, self._world = rank, world
        self._epoch = 0
        self._length = len(self._batches(0))

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[list[BatchItem]]:
        for indices, window in self._batches(self._epoch):
            share = indices[self._rank :: self._world]
            # A last batch smaller than the world: some process repeats a dictation rather than waits for ever.
            yield [BatchItem(int(index), self._epoch, window) for index in (share if len(share) else indices[:1])]

    def _batches(self, epoch: int) -> list[tuple[npt.NDArray[np.int64], int]]:
        rng = np.random.default_rng([self._seed, epoch])
        order = rng.permutation(len(self._windows))
        chances = rng.random(len(self._windows))
        batches = [(batch, self._window(batch, chances)) for batch in self._grouped(order)]
        return [batches[place] for place in rng.permutation(len(batches))]

    def _grouped(self, order: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
        if self._fixed:
            pools = [order[self._windows[order] == window] for window in np.unique(self._windows)]
        else:
            size = self.batch_size * POOL_BATCHES
            pools = [order[start : start + size] for start in range(0, len(order), size)]
            pools = [pool[np.argsort(self._windows[pool], kind="stable")] for pool in pools]
        for pool in pools:
            for start in range(0, len(pool), self.batch_size):
                yield pool[start : start + self.batch_size]

    def _window(self, batch: npt.NDArray[np.int64], chances: npt.NDArray[np.float64]) -> int:
        window = int(self._windows[batch].max())
        if not self._fixed:
            window += int(chances[batch[0]] * (self._trailing + GRID_FRAMES)) // GRID_FRAMES * GRID_FRAMES
        return min(FULL_WINDOW, window)


class EpochLoader(DataLoader[Any]):
    """A loader that passes its batch sampler which epoch it is."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration."""
        if isinstance(self.batch_sampler, BucketSampler):
            self.batch_sampler.set_epoch(epoch)
