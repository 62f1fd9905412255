"""Speed, noise and room, as pure functions of samples and a random generator: the same seed gives the same sound.

Ko et al. 2015 (speed), Snyder et al. 2015 (noise), Ko et al. 2017 (simulated rooms); no recordings are needed.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve, resample_poly

from ..data.audio import RATE_HZ

Samples = npt.NDArray[np.float32]

SPEEDS: Final = (0.9, 1.0, 1.1)
"""Ko et al.'s three copies: pitch and duration change together, as on a tape."""


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How often and how strongly; each effect is drawn on its own."""

    speed_share: float = 0.6
    noise_share: float = 0.5
    room_share: float = 0.3
    gain_db: tuple[float, float] = (-6.0, 3.0)
    snr_db: tuple[float, float] = (10.0, 30.0)
    """From a busy ward to a quiet office."""
    reverberation_s: tuple[float, float] = (0.15, 0.5)
    """Time for a sound to fall by 60 dB: an examination room to a tiled one."""


def augment(samples: Samples, draw: np.random.Generator, config: AugmentConfig | None = None) -> Samples:
    """Return (m,) samples at 16 kHz, changed by chance; the words stay the same and the peak stays within [-1, 1]."""
    config = config or AugmentConfig()
    if draw.random() < config.speed_share:
        samples = change_speed(samples, float(draw.choice(SPEEDS)))
    if draw.random() < config.room_share:
        samples = add_room(samples, draw, float(draw.uniform(*config.reverberation_s)))
    if draw.random() < config.noise_share:
        samples = add_noise(samples, draw, float(draw.uniform(*config.snr_db)))
    return change_gain(samples, float(draw.uniform(*config.gain_db)))


def change_speed(samples: Samples, speed: float) -> Samples:
    """Return the samples played `speed` times faster, (n / speed,) of them."""
    if speed == 1.0:
        return samples
    ratio = Fraction(speed).limit_denominator(100)
    return np.asarray(resample_poly(samples, ratio.denominator, ratio.numerator), np.float32)


def add_noise(samples: Samples, draw: np.random.Generator, snr_db: float) -> Samples:
    """Add noise that falls by some decibels an octave, between white and brown, `snr_db` below the speech."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    if power == 0.0:
        return samples
    noise = coloured_noise(len(samples), draw, float(draw.uniform(0.0, 2.0)))
    scale = np.sqrt(power / 10 ** (snr_db / 10))
    return np.asarray(samples + scale * noise, np.float32)


def coloured_noise(count: int, draw: np.random.Generator, exponent: float) -> npt.NDArray[np.float64]:
    """Return (count,) samples of unit power whose spectrum falls as 1 / f ** exponent."""
    spectrum = np.fft.rfft(draw.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 20.0)  # nothing below the audible range
    noise = np.fft.irfft(spectrum / frequency ** (exponent / 2), count)
    return np.asarray(noise / (np.sqrt(np.mean(np.square(noise))) or 1.0))


def add_room(samples: Samples, draw: np.random.Generator, reverberation_s: float) -> Samples:
    """Convolve with a simulated room: a direct sound and an exponential tail, at the speech's own level and length."""
    count = max(1, round(reverberation_s * RATE_HZ))
    decay = np.exp(-np.log(1000.0) * np.arange(count) / count)  # -60 dB at the end
    response = 0.15 * draw.standard_normal(count) * decay
    response[0] = 1.0
    wet = fftconvolve(samples, response)[: len(samples)]
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)) / (np.mean(np.square(wet)) or 1.0))
    return np.asarray(wet * level, np.float32)


def change_gain(samples: Samples, gain_db: float) -> Samples:
    """Scale by `gain_db`, less if a sample would leave [-1, 1]."""
    peak = float(np.abs(samples).max(initial=0.0))
    gain = 10 ** (gain_db / 20)
    return np.asarray(samples * (min(gain, 1 / peak) if peak else gain), np.float32)
