"""The audio of one utterance and what is known of it so far; pure."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ
from .local_agreement import LocalAgreement
from .vad import WINDOW

TRAILING_SAMPLES = SAMPLE_RATE_HZ // 5
"""Silence kept behind the last speech: the last consonant rings on below the VAD's threshold."""
MIN_PAUSE_WINDOWS = 5
"""A pause is worth a cut from 150 ms on: shorter ones are stops inside words."""

HUM_LAG_SAMPLES = SAMPLE_RATE_HZ // 5
"""200 ms: ten periods of 50 Hz, twelve of 60 Hz."""
HUM_CORRELATION = 0.95
"""Whatever else sounds is 13 dB below the hum: no voice activity detection finds speech there."""
HUM_DECIDED_SAMPLES = 2 * SAMPLE_RATE_HZ
"""Sound as long as this that is no hum is none later: a hum that begins behind a word does not take the word away."""

WORD_END_BEFORE_S, WORD_END_AFTER_S = 0.1, 0.2
"""Where the sound of a word that was timed to end at 0 may really end."""
_SURE = 0.5
"""Probability at which a window certainly holds speech, whatever the session's threshold."""


class AudioBuffer:
    """Samples that only grow; a view taken from it stays true while it grows."""

    def __init__(self) -> None:
        self._data = np.zeros(4 * SAMPLE_RATE_HZ, np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, samples: Samples) -> None:
        """Copy samples, (n,) float32, to the end."""
        need = self._length + len(samples)
        if need > len(self._data):
            larger = np.zeros(max(need, 2 * len(self._data)), np.float32)
            larger[: self._length] = self._data[: self._length]
            self._data = larger
        self._data[self._length : need] = samples
        self._length = need

    def view(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Return samples `start` to `stop`, (n,) float32, not copied; to the end without `stop`."""
        return self._data[start : self._length if stop is None else min(stop, self._length)]


@dataclass(slots=True, eq=False)
class Utterance:
    """Speech between two pauses."""

    number: int
    start: int
    """Sample of the session at which the buffer begins, pre-roll included."""
    trimmed: bool = True
    """Whether the silence at its end is left out; False where the client wants silence decoded too."""
    audio: AudioBuffer = field(default_factory=AudioBuffer)
    probabilities: list[float] = field(default_factory=list)
    """Of speech, one per VAD window of the buffer."""
    speech: list[bool] = field(default_factory=list)
    """Whether each VAD window of the buffer holds speech."""
    speech_stop: int = 0
    """Sample of the buffer at which the last speech ended."""
    speech_samples: int = 0
    """Samples of the windows that hold speech."""
    agreement: LocalAgreement = field(default_factory=LocalAgreement)
    revision: int = 0
    received_stop: int | None = None
    """Sample of the session behind the last one that came, once it is over: zeros may fill its last VAD window."""
    is_cut: bool = False
    """Whether speech went on across its beginning or its end: the little that a cut left is of a word."""
    _is_no_hum: bool = False
    """Decided: the question is asked at each decode, and costs as much as there is audio."""

    def append(self, window: Samples, probability: float, speech: bool) -> None:
        """Take one VAD window."""
        self.audio.append(window)
        self.probabilities.append(probability)
        self.speech.append(speech)
        if speech:
            self.speech_stop = len(self.audio)
            self.speech_samples += len(window)

    @property
    def spoken_stop(self) -> int:
        """Sample of the buffer up to which it is decoded."""
        n = len(self.audio)
        return min(n, self.speech_stop + TRAILING_SAMPLES) if self.trimmed else n

    @property
    def spoken_end(self) -> int:
        """Sample of the session up to which it is decoded, and no sample that did not come."""
        end = self.start + self.spoken_stop
        return end if self.received_stop is None else min(end, self.received_stop)

    @property
    def first_speech(self) -> int:
        """Sample of the buffer at which speech began, to the precision of the VAD."""
        return next((i for i, p in enumerate(self.probabilities) if p >= _SURE), 0) * WINDOW

    @property
    def _speech_start(self) -> int:
        return self.speech.index(True) * WINDOW if self.speech_stop else 0

    @property
    def end(self) -> int:
        """Sample of the session behind the buffer's last one."""
        return self.start + len(self.audio)

    @property
    def length_s(self) -> float:
        """Seconds of the buffer."""
        return len(self.audio) / SAMPLE_RATE_HZ

    @property
    def speech_s(self) -> float:
        """Seconds from the first speech to the last, as near as the VAD can say; 0 before any."""
        return max(0, self.speech_stop - self.first_speech) / SAMPLE_RATE_HZ

    def cut(self, threshold: float, search_s: float) -> int:
        """Return the sample of the buffer at which an utterance that is too long is best cut.

        The middle of the longest pause of the last `search_s`; without one, the end of the word that is followed by
        the least likely speech; without words in time, the least likely speech.
        """
        first = max(1, len(self.probabilities) - int(search_s * SAMPLE_RATE_HZ) // WINDOW)
        recent = np.array(self.probabilities[first:], np.float32)
        run_start, run_length = _longest_run(recent < threshold)
        if run_length >= MIN_PAUSE_WINDOWS:
            return (first + run_start + run_length // 2) * WINDOW
        ends = [at for at in map(self.between_words, self.agreement.word_ends_s()) if at >= first * WINDOW]
        return min(ends, key=self._likelihood_at, default=(first + int(recent.argmin())) * WINDOW)

    def between_words(self, end_s: float) -> int:
        """Return the sample of the buffer, whole VAD windows, at which speech is least likely near a word's end."""
        first = max(1, int((end_s - WORD_END_BEFORE_S) * SAMPLE_RATE_HZ) // WINDOW)
        stop = max(first + 1, int((end_s + WORD_END_AFTER_S) * SAMPLE_RATE_HZ) // WINDOW)
        near = self.probabilities[first:stop]
        if not near:
            return len(self.audio)
        # The last one of several equal ones: what rings on belongs to the word before.
        return (first + len(near) - 1 - int(np.argmin(near[::-1]))) * WINDOW

    def _likelihood_at(self, at: int) -> float:
        place = min(at // WINDOW, len(self.probabilities) - 1)
        return self.probabilities[place]

    def split(self, at: int, number: int) -> "Utterance":
        """Move what follows sample `at` of the buffer into a new utterance; this one ends there."""
        rest = Utterance(number, self.start + at, trimmed=self.trimmed)
        kept = Utterance(self.number, self.start, trimmed=self.trimmed)
        for i, (probability, speech) in enumerate(zip(self.probabilities, self.speech, strict=True)):
            window = self.audio.view(i * WINDOW, (i + 1) * WINDOW)
            (kept if i < at // WINDOW else rest).append(window, probability, speech)
        self.audio, self.probabilities, self.speech = kept.audio, kept.probabilities, kept.speech
        self.speech_stop, self.speech_samples = kept.speech_stop, kept.speech_samples
        rest.agreement = self.agreement.split(at / SAMPLE_RATE_HZ)
        self.is_cut = rest.is_cut = True
        return rest

    def is_hum(self) -> bool:
        """Return whether all sound of the speech repeats every 200 ms, as mains hum of 50 or 60 Hz does.

        An offset counts for nothing. Speech repeats nothing for so long, a sung tone aside.
        """
        if self._is_no_hum:
            return False
        samples = self.audio.view(self._speech_start, self.speech_stop)
        if len(samples) < 2 * HUM_LAG_SAMPLES:
            samples = self.audio.view()
        if len(samples) < 2 * HUM_LAG_SAMPLES:
            return False
        before, after = samples[:-HUM_LAG_SAMPLES], samples[HUM_LAG_SAMPLES:]
        before, after = before - before.mean(), after - after.mean()
        power = float(np.sqrt((before @ before) * (after @ after)))
        is_hum = power > 0 and float(before @ after) / power > HUM_CORRELATION
        self._is_no_hum = not is_hum and len(samples) >= HUM_DECIDED_SAMPLES
        return is_hum


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Return start and length of the longest run of True; the latest one where several are equal."""
    best, start = (0, 0), 0
    for i, flag in enumerate([*flags.tolist(), False]):
        if not flag:
            if i - start >= best[1] and i > start:
                best = (start, i - start)
            start = i + 1
    return best
