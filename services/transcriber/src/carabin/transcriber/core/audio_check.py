"""Whether samples can be audio at all: a stream in another format than the declared one is fluent nonsense to Whisper.

Pure; one `AudioCheck` for each stream, in the order of its samples.
"""

import numpy as np

from .api import Samples
from .config import SAMPLE_RATE_HZ
from .errors import ImpossibleAudio

MAX_ABS = 10.0
"""20 dB over full scale: resamplers overshoot by a tenth of it, and integers that were not scaled are far above it."""
NOISE_RMS = 0.4
"""Raw bytes of any other format are values spread over the whole scale: 0.58 in root mean square."""
NOISE_CORRELATION = 0.2
"""Of each sample with the next, at most, in such bytes. Recorded sound at 16 kHz is never that loud and that white."""
NOISE_SAMPLES = SAMPLE_RATE_HZ // 2
"""Samples that are judged at once: shorter than the speech before the first text."""
LEVEL_MEAN = 0.9
"""Around this value lies what is unsigned read as signed; an offset of a sound card is a tenth of it."""


class AudioCheck:
    """Refuses what cannot be audio in its declared format."""

    def __init__(self) -> None:
        self._waiting: list[Samples] = []
        self._n_waiting = 0

    def check(self, samples: Samples) -> None:
        """Take the next samples, (n,) float32.

        Raises:
            ImpossibleAudio: they are not finite, far outside [-1, 1], or full-scale noise.
        """
        if not len(samples):
            return
        loudest = float(np.abs(samples).max())
        if not np.isfinite(loudest):
            raise ImpossibleAudio("values that are no finite numbers", "16-bit integers sent as 32-bit floats")
        if loudest > MAX_ABS:
            raise ImpossibleAudio(
                f"values up to {loudest:.3g}, outside [-1, 1]", "floats that were not divided by 32768, or integers"
            )
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        if self._n_waiting >= NOISE_SAMPLES:
            block = np.concatenate(self._waiting).astype(np.float64)
            self._waiting, self._n_waiting = [], 0
            for start in range(0, len(block) - NOISE_SAMPLES + 1, NOISE_SAMPLES):
                _refuse_noise(block[start : start + NOISE_SAMPLES])


def _refuse_noise(block: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    mean = float(block.mean())
    centred = block - mean
    power = float(centred @ centred) / len(block)
    if abs(mean) > LEVEL_MEAN:
        raise ImpossibleAudio(f"silence at the level of {mean:.2f}", "unsigned or 8-bit samples sent as 16-bit ones")
    if power < NOISE_RMS**2:
        return
    correlation = float(centred[:-1] @ centred[1:]) / (len(block) * power)
    if abs(correlation) < NOISE_CORRELATION:
        raise ImpossibleAudio(
            "noise over the whole scale", "32-bit floats, compressed audio or swapped bytes sent as 16-bit integers"
        )
