"""Recordings for tests: speech-like bursts with pauses, written as any file."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

RATE_HZ = 16_000


def bursts(spoken_s: Sequence[float], pause_s: float = 0.5, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return (n,) samples: noisy bursts of the given lengths with a near-silent pause after each."""
    draw = np.random.default_rng(seed)
    parts = []
    for length_s in spoken_s:
        parts.append(0.2 * draw.standard_normal(round(length_s * RATE_HZ)))
        parts.append(0.0005 * draw.standard_normal(round(pause_s * RATE_HZ)))
    return np.concatenate(parts).astype(np.float32)


def write(file: Path, samples: npt.NDArray[np.float32], rate_hz: int = RATE_HZ, subtype: str | None = None) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, samples, rate_hz, subtype=subtype)
    return file


def encode(file: Path, samples: npt.NDArray[np.float32], container: str, codec: str) -> Path:
    """Write (n,) samples at 16 kHz by FFmpeg, as whatever the container holds."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w", format=container) as output:
        stream = output.add_stream(codec, rate=48_000 if "ac3" in codec else RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        size = stream.codec_context.frame_size or None
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=stream.rate, frame_size=size)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file
