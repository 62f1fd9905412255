"""Recordings that uploads are tested with."""

import io

import av
import numpy as np

RATE_HZ = 16_000


def recording(container: str = "wav", codec: str = "pcm_s16le", rate_hz: int = RATE_HZ) -> bytes:
    """Two utterances of loud noise with a pause between them."""
    rng = np.random.default_rng(1)
    loud = rng.uniform(-0.5, 0.5, int(0.7 * rate_hz))
    samples = np.concatenate([loud, np.zeros(rate_hz), loud, np.zeros(rate_hz)])
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=rate_hz, frame_size=stream.codec_context.frame_size or None
        )
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()
