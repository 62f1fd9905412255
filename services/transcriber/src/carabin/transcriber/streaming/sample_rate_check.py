"""Whether a voice comes three times too slowly, as audio of 44.1 or 48 kHz that is sent as 16 kHz does; pure.

The voice activity detection finds no speech in such audio, so that nothing at all would be written, without a
reason. Its pitch shows what it is: a voice of 85 to 255 Hz becomes one of 28 to 93 Hz. Hum is as low, and never varies.
"""

import numpy as np
from numpy.typing import NDArray

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import ImpossibleAudio

FRAME = SAMPLE_RATE_HZ // 10
"""Samples whose pitch is estimated at once."""
SHORTEST_LAG, LONGEST_LAG = SAMPLE_RATE_HZ // 500, SAMPLE_RATE_HZ // 20
"""Pitches of 20 to 500 Hz are looked for."""
MIN_RMS = 0.01
MIN_PERIODICITY = 0.8
"""Normalised autocorrelation of a frame that has a pitch."""
N_PITCHES = 30
"""Three seconds with a pitch: enough for a median."""
LOW_HZ = 85.0
"""No voice has so low a median that the voice activity detection finds it nowhere in three seconds."""
MIN_SPREAD = 1.12
"""Between the tenth and the ninetieth percentile: speech has a melody, a machine has none."""


class SampleRateCheck:
    """Takes the audio of a session in which no speech was found yet."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._pitches: list[float] = []

    def push(self, samples: Samples) -> None:
        """Take the next samples, (n,) float32 in any pieces.

        Raises:
            ImpossibleAudio: a voice comes three times too slowly.
        """
        audio = np.concatenate([self._rest, samples])
        need = FRAME + LONGEST_LAG
        start = 0
        while len(audio) - start >= need:
            pitch = _pitch_hz(audio[start : start + need])
            if pitch is not None:
                self._pitches.append(pitch)
            start += FRAME
        self._rest = audio[start:]
        if len(self._pitches) >= N_PITCHES:
            self._judge()

    def _judge(self) -> None:
        low, median, high = np.percentile(self._pitches, (10, 50, 90))
        self._pitches.clear()
        if median < LOW_HZ and high > MIN_SPREAD * low:
            raise ImpossibleAudio(
                f"a voice with a pitch of {median:.0f} Hz in which no speech is found",
                "audio of 44.1 or 48 kHz, which must be sent as 16 kHz",
            )


def _pitch_hz(audio: NDArray[np.float32]) -> float | None:
    """Return the pitch of the first `FRAME` samples, or None where there is none."""
    audio = audio - audio.mean()
    frame = audio[:FRAME]
    power = float(frame @ frame)
    if power < FRAME * MIN_RMS**2:
        return None
    correlation = np.correlate(audio, frame, "valid")[SHORTEST_LAG:]
    energy = np.cumsum(np.concatenate([[0.0], audio.astype(np.float64) ** 2]))
    powers = (energy[FRAME:] - energy[:-FRAME])[SHORTEST_LAG : SHORTEST_LAG + len(correlation)]
    periodicity = correlation / np.sqrt(np.maximum(power * powers, 1e-12))
    best = float(periodicity.max())
    if best < MIN_PERIODICITY:
        return None
    inner = periodicity[1:-1]
    peaks = (inner >= periodicity[:-2]) & (inner >= periodicity[2:]) & (inner > 0.9 * best)
    if not peaks.any():
        return None
    return SAMPLE_RATE_HZ / (SHORTEST_LAG + 1 + int(np.argmax(peaks)))
