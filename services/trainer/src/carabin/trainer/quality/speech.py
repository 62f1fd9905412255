"""What is certainly no speech: an offset, a hum, a single click. By the spectrum and the energy over time, no model."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ
from .spectrum import power_spectrum

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
HUM_WINDOW: Final = 8192
"""Half a second: 2 Hz between two lines."""


def no_speech(samples: Samples) -> str | None:
    """Return why (n,) samples at 16 kHz hold no speech, as a verb phrase; None where they may.

    A long recording is judged by the minute: one that may hold speech is enough, and the memory is that of a minute.
    """
    size = round(STRETCH_S * RATE_HZ)
    loudest, found = -1.0, ""
    for start in range(0, max(1, len(samples) - RATE_HZ), size):
        end = start + size if len(samples) - start - size > RATE_HZ else len(samples)
        stretch = samples[start:end]
        reason = _no_speech(stretch)
        if reason is None:
            return None
        if (peak := float(np.abs(stretch).max(initial=0.0))) > loudest:
            loudest, found = peak, reason
    return found


def _no_speech(samples: Samples) -> str | None:
    varying = _highpassed(samples) if len(samples) else np.zeros(0)
    settled = varying[min(len(varying) // 4, RATE_HZ // 10) :]  # the filter's own swing at the start
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
    from scipy.signal import sosfilt  # a second to import, which whoever builds nothing need not wait for

    return np.asarray(sosfilt(_highpass(), samples - samples.mean()))


@cache
def _highpass() -> npt.NDArray[np.float64]:
    from scipy.signal import butter

    return np.asarray(butter(4, LOWEST_HZ, "highpass", fs=RATE_HZ, output="sos"))


def no_speech_rule(reason: str) -> str:
    """Return the rule of a finding for a reason that `no_speech` gave."""
    return "audio-silent" if reason.endswith("silence") else "audio-no-speech"


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
