"""Sound as the trainer keeps it: 16 kHz mono float32, stored as FLAC."""

import hashlib
import io
from math import gcd
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

RATE_HZ: Final = 16_000
"""Whisper's rate (Radford et al. 2022, section 2.2)."""

Samples = npt.NDArray[np.float32]


def resample(samples: Samples, rate_hz: int) -> Samples:
    """Return (n,) samples at 16 kHz, by a polyphase filter."""
    if rate_hz == RATE_HZ:
        return np.ascontiguousarray(samples, np.float32)
    from scipy.signal import resample_poly  # a second to import, and recordings are kept at 16 kHz

    common = gcd(rate_hz, RATE_HZ)
    return np.asarray(resample_poly(samples, RATE_HZ // common, rate_hz // common), np.float32)


def encode_flac(samples: Samples) -> bytes:
    """Return the samples as a 16-bit FLAC file, clipped to [-1, 1]."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1, 1), RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def decode(data: bytes) -> Samples:
    """Return the (n,) float32 samples of a mono 16 kHz file."""
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return resample(samples.mean(axis=1), int(rate_hz))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes, as hex digits."""
    return hashlib.sha256(data).hexdigest()
