"""The power spectrum of a recording, averaged over its length (Welch 1967), many windows at once.

SciPy's `welch` walks over the windows in Python, which took a third of a build's time.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

RATE_HZ: Final = 16_000
"""Whisper's rate (Radford et al. 2022, section 2.2)."""

WINDOW: Final = 1024
"""64 ms: 16 Hz between two lines."""
_AT_ONCE: Final = 1000
"""Windows in memory together: 8 MB."""


def power_spectrum(samples: npt.NDArray[np.floating], window: int = WINDOW) -> npt.NDArray[np.float64]:
    """Return the mean power of each of the `window` // 2 + 1 lines over Hann windows that overlap by half.

    Args:
        samples: (n,); shorter ones than a window are one window.
    """
    window = min(window, len(samples))
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[:: max(1, window // 2)]
    taper = np.hanning(window + 1)[:-1]
    power = np.zeros(window // 2 + 1)
    for start in range(0, len(frames), _AT_ONCE):
        some = frames[start : start + _AT_ONCE].astype(np.float64)
        some -= some.mean(axis=1, keepdims=True)
        power += np.square(np.abs(np.fft.rfft(some * taper, axis=1))).sum(axis=0)
    return power / len(frames)


def share_above(samples: Samples, hz: float) -> float:
    """Return the share of the power of (n,) samples at 16 kHz that is above `hz`."""
    power = power_spectrum(samples)
    frequency = np.linspace(0, RATE_HZ / 2, len(power))
    return float(power[frequency > hz].sum() / (power.sum() or 1.0))
