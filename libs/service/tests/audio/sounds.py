"""Sounds that tests make, as the bytes of files."""

import io
import wave

import av
import numpy as np
from carabin.service.audio import RATE_HZ


def tone(seconds: float) -> np.ndarray:
    """Return (n,) float32 at 16 kHz."""
    return (0.25 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def wav(samples: np.ndarray) -> bytes:
    """Return (n,) or (n, c) samples as a 16-bit WAV."""
    channels = samples.reshape(len(samples), -1)
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((channels.shape[1], 2, RATE_HZ, 0, "NONE", ""))
        output.writeframes((32767 * channels).astype("<i2").tobytes())
    return file.getvalue()


def encoded(samples: np.ndarray, container: str, codec: str, options: dict[str, str] | None = None) -> bytes:
    """Return (n,) samples in another container."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, container_options=options or {}) as output:
        stream = output.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=RATE_HZ, frame_size=stream.codec_context.frame_size or None
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()
