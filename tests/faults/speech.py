"""One spoken sentence, of a file that ships with the exporter."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE_HZ = 16_000
SMOKE = Path(__file__).parents[2] / "services/exporter/src/carabin/exporter/data/smoke-fr.flac"


@cache
def spoken_sentence() -> npt.NDArray[np.float32]:
    """Return the sentence as (n,) float32 samples at 16 kHz, with a second of silence around it."""
    samples, rate_hz = soundfile.read(io.BytesIO(SMOKE.read_bytes()), dtype="float32")
    assert rate_hz == RATE_HZ
    quiet = np.zeros(RATE_HZ, np.float32)
    return np.concatenate([quiet, samples, quiet])
