"""Whether the samples of a stream can be audio at all: in another format than the declared one they are nonsense.

Pure; one `AudioCheck` for each stream, in the order of its samples.
"""

import numpy as np
from carabin.service.audio.sample_format import MAX_ABS, WrongFormat, wrong_format

from .api import Samples
from .channel_check import BLOCK, ChannelCheck
from .errors import ImpossibleAudio


class AudioCheck:
    """Refuses what cannot be audio in its declared format."""

    def __init__(self) -> None:
        self._waiting: list[Samples] = []
        self._n_waiting = 0
        self._channels = ChannelCheck()
        self._last_fault: WrongFormat | None = None

    def check(self, samples: Samples) -> str | None:
        """Take the next samples, (n,) float32; return a sentence that the client should be told, once.

        Raises:
            ImpossibleAudio: they are not finite, far outside [-1, 1], of another format, or two channels in turn.
        """
        if not len(samples):
            return None
        loudest = float(np.abs(samples).max())
        if not np.isfinite(loudest):
            raise ImpossibleAudio("values that are no finite numbers", "16-bit integers declared as 32-bit floats")
        if loudest > MAX_ABS:
            raise ImpossibleAudio(
                f"values up to {loudest:.3g}, outside [-1, 1]", "floats that were not divided by 32768, or integers"
            )
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        return self._judge_blocks() if self._n_waiting >= BLOCK else None

    def _judge_blocks(self) -> str | None:
        waiting = np.concatenate(self._waiting)
        warning = None
        for start in range(0, len(waiting) - BLOCK + 1, BLOCK):
            block = waiting[start : start + BLOCK]
            self._refuse(wrong_format(block))
            if not self._channels.done:
                warning = self._channels.push(block.astype(np.float64))
        # What fills no block waits, so that blocks begin at even places.
        rest = waiting[len(waiting) // BLOCK * BLOCK :]
        self._waiting, self._n_waiting = [rest], len(rest)
        return warning

    def _refuse(self, fault: WrongFormat | None) -> None:
        if fault and (fault.certain or fault == self._last_fault):
            raise ImpossibleAudio(fault.found, fault.probable)
        self._last_fault = fault
