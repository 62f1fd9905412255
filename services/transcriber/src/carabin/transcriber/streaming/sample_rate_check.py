"""Whether a voice comes at another rate than 16 kHz, by its pitch; pure.

Audio of 44.1 or 48 kHz that is sent as 16 kHz comes three times too slowly: a voice of 85 to 255 Hz becomes one of 28
to 93 Hz, in which the voice activity detection finds no speech, so that nothing would be written, without a reason.
Hum is as low, and never varies. Audio of 8 kHz comes twice too fast: a median pitch of more than 300 Hz, as few adults
have one. Figures and what was tried beside: docs/decisions/audio-formats.md.
"""

import numpy as np
from numpy.typing import NDArray

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import ImpossibleAudio

STEP = 4
"""Samples that are averaged into one: pitches are far below the 2 kHz that are left, and it costs a sixteenth."""
RATE_HZ = SAMPLE_RATE_HZ // STEP
FRAME = RATE_HZ // 10
"""Averaged samples whose pitch is estimated at once."""
SHORTEST_LAG, LONGEST_LAG = RATE_HZ // 500, RATE_HZ // 20
"""Pitches of 20 to 500 Hz are looked for."""
MIN_RMS = 0.01
MIN_PERIODICITY = 0.8
"""Normalised autocorrelation of a frame that has a pitch."""
SPARSE = 5
"""Of a session that has text one frame in so many is estimated: 200 speakers in a noisy pause share one thread."""
N_PITCHES = 30
"""Three seconds with a pitch: enough for a median."""
LOW_HZ = 85.0
"""No voice has so low a median that the voice activity detection finds it nowhere in three seconds."""
HIGH_HZ = 300.0
"""Six voices at twice their pitch have medians of 337 to 400 Hz; at their own, 168 to 205 Hz."""
MIN_SPREAD = 1.12
"""Between the tenth and the ninetieth percentile: speech has a melody, a machine has none."""


class SampleRateCheck:
    """Takes all audio of a session, in order."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._skip = 0
        """Samples to come that belong to no frame."""
        self._without_speech: list[float] = []
        """Pitches since the last speech."""
        self._first: list[float] | None = []
        """The first pitches of the session, speech or not; None once they were judged."""
        self._warned_low = False
        self.trusted = False
        """Text was written: where the pitch falls now, something hums beside the speaker, and the session goes on."""

    def push(self, samples: Samples, *, speech: bool) -> str | None:
        """Take the next samples, (n,) float32 in any pieces; return a warning for the client, each once.

        Args:
            speech: the voice activity detection found speech in them.

        Raises:
            ImpossibleAudio: a voice comes three times too slowly, and nothing was written yet.
        """
        if speech:
            self._without_speech.clear()
            if self._first is None:
                self._rest = self._rest[:0]
                return None
        self._take(np.concatenate([self._rest, samples]), speech)
        return self._judge_low() or self._judge_high()

    def _take(self, audio: Samples, speech: bool) -> None:
        need = (FRAME + LONGEST_LAG) * STEP
        start = self._skip
        while len(audio) - start >= need:
            pitch = _pitch_hz(audio[start : start + need])
            if pitch is not None:
                if not speech:
                    self._without_speech.append(pitch)
                if self._first is not None:
                    self._first.append(pitch)
            start += FRAME * STEP * (SPARSE if self.trusted else 1)
        self._skip, self._rest = max(0, start - len(audio)), audio[start:]

    def _judge_low(self) -> str | None:
        if len(self._without_speech) < N_PITCHES:
            return None
        low, median, high = np.percentile(self._without_speech, (10, 50, 90))
        self._without_speech.clear()
        if median >= LOW_HZ or high <= MIN_SPREAD * low:
            return None
        found = f"a voice with a pitch of {median:.0f} Hz in which no speech is found"
        probable = "audio of 44.1 or 48 kHz, which must be sent as 16 kHz"
        if not self.trusted:
            raise ImpossibleAudio(found, probable)
        warned, self._warned_low = self._warned_low, True
        return None if warned else f"the audio has {found}; perhaps {probable}"

    def _judge_high(self) -> str | None:
        if self._first is None or len(self._first) < N_PITCHES:
            return None
        median, self._first = float(np.median(self._first)), None
        if median <= HIGH_HZ:
            return None
        return (
            f"the voice has a pitch of {median:.0f} Hz, as audio of 8 kHz has that is sent as 16 kHz: "
            "if that is so, resample it"
        )


def _pitch_hz(audio: NDArray[np.float32]) -> float | None:
    """Return the pitch of the first tenth of a second, or None where there is none."""
    audio = audio.reshape(-1, STEP).mean(axis=1)
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
    return RATE_HZ / (SHORTEST_LAG + 1 + int(np.argmax(peaks)))
