"""What is certainly no speech: an offset, a hum, a single click. By the spectrum and the energy over time, no model."""

from typing import Final

import numpy as np
import numpy.typing as npt

from .spectrum import RATE_HZ, power_spectrum

Samples = npt.NDArray[np.float32]

LOWEST_HZ: Final = 60.0
"""Below every voice's fundamental (French men: 80 Hz at the lowest)."""
MIN_PEAK: Final = 1e-3
"""-60 dBFS, below which a recording holds no speech that 16 bits can carry."""
STRETCH_S: Final = 60.0
FRAME_S: Final = 0.02
TONAL_SHARE: Final = 0.95
"""Of the power in the eight strongest lines of the spectrum. Vowels have harmonics too, but they move: read French has
0.3 to 0.6 over a second."""
STEADY_DB: Final = 6.0
"""Between the 10th and the 90th percentile of the level of a hum's frames; of speech it is 15 or more."""
CLICK_S: Final = 0.06
"""Shorter than any syllable."""
CLICK_SHARE: Final = 0.98
_LINES: Final = 8
_STRETCH: Final = round(STRETCH_S * RATE_HZ)
HUM_WINDOW: Final = 8192
"""Half a second: 2 Hz between two lines."""


class SpeechJudge:
    """Takes a recording's (n,) samples at 16 kHz in order; each minute is judged until one may hold speech."""

    def __init__(self) -> None:
        self._held: list[Samples] = []
        self._n_held = 0
        self._loudest = -1.0
        self._found: str | None = None
        self._may_hold_speech = False

    def push(self, samples: Samples) -> None:
        """Take samples; at most a minute and a second of them is kept, and none once there may be speech."""
        if self._may_hold_speech:
            return
        self._held.append(samples)
        self._n_held += len(samples)
        if self._n_held > _STRETCH + RATE_HZ:
            held = np.concatenate(self._held)
            while len(held) > _STRETCH + RATE_HZ and not self._may_hold_speech:
                self._judge(held[:_STRETCH])
                held = held[_STRETCH:]
            self._held, self._n_held = [held], len(held)

    def no_speech(self) -> str | None:
        """Return why all that was pushed holds no speech, as a verb phrase; None where it may.

        The loudest minute gives the reason. Asked once all is pushed; a rest below a second goes with its minute.
        """
        if not self._may_hold_speech and (self._held or self._found is None):
            self._judge(np.concatenate([*self._held, np.zeros(0, np.float32)]))
            self._held, self._n_held = [], 0
        return None if self._may_hold_speech else self._found

    def _judge(self, stretch: Samples) -> None:
        reason = _no_speech(stretch)
        if reason is None:
            self._may_hold_speech = True
        elif (peak := float(np.abs(stretch).max(initial=0.0))) > self._loudest:
            self._loudest, self._found = peak, reason


def no_speech(samples: Samples) -> str | None:
    """Return why (n,) samples at 16 kHz hold no speech, as a verb phrase; None where they may."""
    judge = SpeechJudge()
    judge.push(samples)
    return judge.no_speech()


def _no_speech(samples: Samples) -> str | None:
    if not np.isfinite(samples).all():
        return None  # no sound at all, which the mixdown counts
    varying = _highpassed(samples) if len(samples) else np.zeros(0)
    swing = min(len(varying) // 4, RATE_HZ // 10)  # of the filter itself, at both ends
    settled = varying[swing : len(varying) - swing]
    if not len(settled) or np.abs(settled).max() < MIN_PEAK:
        if np.abs(samples).max(initial=0.0) < MIN_PEAK:
            return "holds only silence"
        return "holds only an offset or a tone below 60 Hz: no speech"
    if _is_click(varying):
        return "holds only a click: no speech"
    if _is_hum(settled):
        return "holds only a hum: no speech"
    return None


def _highpassed(samples: Samples) -> npt.NDArray[np.float64]:
    """Return the samples without what is below LOWEST_HZ: a Butterworth filter of order 4, without its delay."""
    n = 1 << (len(samples) + RATE_HZ // 4).bit_length()  # zeros behind the end, so that it does not reach the start
    spectrum = np.fft.rfft(samples - samples.mean(dtype=np.float64), n)
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 1e-3)
    spectrum /= np.sqrt(1 + (LOWEST_HZ / frequency) ** 8)
    return np.asarray(np.fft.irfft(spectrum, n)[: len(samples)])


def _levels(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the power of each frame of 20 ms."""
    size = round(FRAME_S * RATE_HZ)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.asarray(np.mean(np.square(frames), axis=1))


def _is_click(samples: npt.NDArray[np.float64]) -> bool:
    power = np.square(samples)
    width = round(CLICK_S * RATE_HZ)
    if len(power) < 4 * width or not power.sum():
        return False
    total = np.concatenate(([0.0], np.cumsum(power)))
    return bool((total[width:] - total[:-width]).max() / total[-1] > CLICK_SHARE)


def _is_hum(samples: npt.NDArray[np.float64]) -> bool:
    levels_db = 10 * np.log10(_levels(samples) + 1e-12)
    if len(levels_db) < 10:
        return False
    low, high = np.percentile(levels_db, (10, 90))
    if high - low > STEADY_DB:
        return False
    power = power_spectrum(samples, HUM_WINDOW)
    peaks = np.sort(np.convolve(power, np.ones(3), "same"))[::-1]  # a line leaks into its neighbours
    return bool(min(1.0, peaks[: 3 * _LINES : 3].sum() / power.sum()) > TONAL_SHARE)
