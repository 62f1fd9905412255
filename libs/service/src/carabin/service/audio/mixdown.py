"""Many channels as one: their mean, or the louder one where they cancel each other. Pure."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BLOCK_S: Final = 1.0
"""Channels are compared over this long: several syllables, so that one phase of one vowel decides nothing."""
CANCELLED_SHARE: Final = 0.1
"""Channels whose mean keeps less than this share of the louder one's power cancel each other."""
FULL_SCALE: Final = 0.999


class Mixdown:
    """Takes (n, c) samples in order and gives (n,) ones; once channels cancel, the same channel replaces their mean."""

    def __init__(self, rate_hz: int) -> None:
        self.channel: int | None = None
        """The channel that is taken alone where the channels cancel; None where they never do."""
        self.cancelled_s = 0.0
        """For how long they cancel."""
        self.n_values = self.n_full_scale = self.n_not_finite = 0
        """Samples of all channels; those of them at full scale; those that are no numbers."""
        self._rate_hz = rate_hz
        self._held: list[Samples] = []
        self._n_held = 0

    def push(self, channels: Samples) -> Iterator[Samples]:
        """Take (n, c) samples and yield what is mixed: at least a second at once."""
        self._held.append(channels)
        self._n_held += len(channels)
        if self._n_held >= BLOCK_S * self._rate_hz:
            yield from self.flush()

    def flush(self) -> Iterator[Samples]:
        """Yield what is held back."""
        if self._n_held:
            block = np.concatenate(self._held)
            self._held, self._n_held = [], 0
            yield self._mixed(block)

    def _mixed(self, block: Samples) -> Samples:
        self.n_values += block.size
        self.n_full_scale += int(np.count_nonzero(np.abs(block) > FULL_SCALE))
        self.n_not_finite += block.size - int(np.count_nonzero(np.isfinite(block)))
        if block.shape[1] == 1:
            return np.ascontiguousarray(block[:, 0])
        mean = block.mean(axis=1)
        powers = np.mean(np.square(block, dtype=np.float64), axis=0)
        if np.mean(np.square(mean, dtype=np.float64)) < CANCELLED_SHARE * powers.max():
            # One channel for all of the recording: the other one has the opposite sign.
            self.channel = int(powers.argmax()) if self.channel is None else self.channel
            self.cancelled_s += len(block) / self._rate_hz
            return np.ascontiguousarray(block[:, self.channel])
        return np.ascontiguousarray(mean)
