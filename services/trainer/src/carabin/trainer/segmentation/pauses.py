"""Pauses of a recording, by its energy: no model, so that the same recording is always cut alike."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ

FRAME_S: Final = 0.02
MIN_PAUSE_S: Final = 0.2
"""Shorter silences are inside words: the closure of a « p » lasts 0.1 s."""

LEVEL: Final = 0.3
"""Where, between the floor and speech (in dB), a frame counts as silent."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch without speech."""

    start_s: float
    end_s: float

    @property
    def middle_s(self) -> float:
        """Where a cut is made: seconds from the recording's start."""
        return (self.start_s + self.end_s) / 2

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return self.end_s - self.start_s


def find_pauses(samples: npt.NDArray[np.float32]) -> list[Pause]:
    """Return the pauses of (n,) samples at 16 kHz, at least 0.2 s long, in order."""
    size = round(FRAME_S * RATE_HZ)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        return []
    level_db = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-10)
    floor, speech = np.percentile(level_db, (5, 90))
    silent = level_db < floor + LEVEL * (speech - floor)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], silent.astype(np.int8), [0]))))
    least = round(MIN_PAUSE_S / FRAME_S)  # in frames: 0.24 - 0.04 is less than 0.2 in floating point
    stretches = [(start, end) for start, end in edges.reshape(-1, 2) if end - start >= least]
    return [Pause(float(start * FRAME_S), float(end * FRAME_S)) for start, end in stretches]
