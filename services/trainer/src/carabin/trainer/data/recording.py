"""A hospital's recording, decoded channel by channel, with what its header promised and what is damaged."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler
from carabin.service.audio import RATE_HZ, decodable_frames, joined_gaps, open_audio

from .wav_header import WavLength, read_wav_length, with_true_length


@dataclass(frozen=True, slots=True)
class DecodedRecording:
    """What a file holds: `channels` (n, c) float32 at 16 kHz, nominally in [-1, 1]."""

    channels: npt.NDArray[np.float32]
    rate_hz: int
    """The file's own."""
    promised_s: float | None
    """Seconds of sound by the container's header; None where it does not say."""
    gaps: tuple[tuple[float, float], ...]
    """(start, end) in seconds of what could not be decoded."""
    header_corrected: bool
    """The header said less than the file holds, or left it open: all of the file was read."""

    @property
    def duration_s(self) -> float:
        return len(self.channels) / RATE_HZ


def decode_recording(file: Path) -> DecodedRecording:
    """Decode the first audio stream of a file in any container of `carabin.service.audio.CONTAINERS`.

    A packet that cannot be decoded is skipped and named in `gaps`; what follows it is still there.

    Raises:
        AudioFileRefused: no such container, no audio stream.
        OSError: the file cannot be opened.
    """
    with file.open("rb") as opened:
        length = read_wav_length(opened)
        corrected = length is not None and (length.promised_s is None or length.held_s > length.promised_s)
        source: BinaryIO = opened
        if length is not None and corrected:
            source = io.BytesIO(with_true_length(opened, length))
        source.seek(0)
        return _decode(source, length, corrected)


def _decode(source: BinaryIO, wav: WavLength | None, corrected: bool) -> DecodedRecording:
    parts: list[npt.NDArray[np.float32]] = []
    gaps: list[tuple[float, float]] = []
    with open_audio(source) as (container, stream):
        rate_hz, channels = stream.rate, stream.channels
        promised_s = container.duration / av.time_base if container.duration else None
        resampler = AudioResampler(format="fltp", layout=stream.layout, rate=RATE_HZ)
        for frame in decodable_frames(container, stream, gaps):
            frame.pts = None  # a recorder's gap in time stamps must not stop the resampler
            parts += [_samples(part) for part in resampler.resample(frame)]
        parts += [_samples(part) for part in resampler.resample(None)] if parts else []
    samples = np.concatenate(parts) if parts else np.zeros((0, channels), np.float32)
    if wav is not None:
        promised_s = wav.promised_s
    end_s = len(samples) / RATE_HZ
    inside = [(start, end) for start, end in joined_gaps(gaps) if start < end_s]  # garbage behind the end is no gap
    return DecodedRecording(samples, rate_hz, promised_s, tuple(inside), corrected)


def _samples(frame: av.AudioFrame) -> npt.NDArray[np.float32]:
    return np.asarray(frame.to_ndarray().T, np.float32)
