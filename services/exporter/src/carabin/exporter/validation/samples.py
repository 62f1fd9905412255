"""The dictations that a checkpoint is validated on: its own samples, or the clip that ships with this package."""

import io
import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from av import FFmpegError
from carabin.service.shortage import translate_shortage
from faster_whisper import decode_audio

from ..errors import CheckpointRefused, RequestInvalid

RATE_HZ: Final = 16_000
SAMPLES_FOLDER: Final = "samples"
MAX_SAMPLES: Final = 8
"""Each sample costs a decode by the checkpoint and one a form; eight of a few seconds stay under a minute for base."""
MAX_SAMPLE_S: Final = 30.0
"""One Whisper window: a longer sample would compare seek loops, not models."""

SHIPPED_SENTENCE: Final = "Le patient présente une douleur thoracique depuis ce matin."


@dataclass(frozen=True, slots=True)
class Sample:
    """One dictation to validate a model on."""

    name: str
    audio: npt.NDArray[np.float32]
    """Shape (n_samples,), in [-1, 1], 16 kHz mono."""
    sentence: str
    """What was said."""

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return len(self.audio) / RATE_HZ

    def wav(self) -> bytes:
        """Return the audio as a 16-bit mono WAV file."""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes((np.clip(self.audio, -1, 1) * 32767).round().astype("<i2").tobytes())
        return buffer.getvalue()


def shipped_sample() -> Sample:
    """Return the French sentence that ships with the exporter: synthesised, 3.5 s, of our own writing."""
    clip = files("carabin.exporter") / "data" / "smoke-fr.flac"
    return Sample("smoke-fr", _decode(io.BytesIO(clip.read_bytes()), "smoke-fr.flac"), SHIPPED_SENTENCE)


def read_sample(path: Path, sentence: str) -> Sample:
    """Read one recording in any format that FFmpeg knows, resampled to 16 kHz mono.

    Raises:
        RequestInvalid: it is no audio, or outside 0 to 30 seconds.
    """
    if not path.is_file():
        raise RequestInvalid(f"{path}: there is no such recording")
    sample = Sample(path.name, _decode(str(path), path.name), sentence)
    if not 0 < sample.duration_s <= MAX_SAMPLE_S:
        raise RequestInvalid(f"{path}: it lasts {sample.duration_s:.1f} s; a sample is at most {MAX_SAMPLE_S:.0f} s")
    return sample


def load_samples(checkpoint: Path) -> Sequence[Sample]:
    """Return the checkpoint's sample dictations; the shipped one alone where it brought none.

    Raises:
        CheckpointRefused: `samples/samples.json` is there and cannot be followed.
    """
    listing = checkpoint / SAMPLES_FOLDER / "samples.json"
    if not listing.is_file():
        return (shipped_sample(),)
    try:
        entries = json.loads(listing.read_text(encoding="utf-8"))
        found = [_listed(checkpoint, entry) for entry in entries[:MAX_SAMPLES]]
    except (ValueError, KeyError, TypeError, RequestInvalid) as error:
        raise CheckpointRefused(checkpoint, f"samples/samples.json cannot be followed: {error}") from error
    return tuple(found) or (shipped_sample(),)


def _listed(checkpoint: Path, entry: dict[str, Any]) -> Sample:
    name = str(entry["file"])
    if Path(name).name != name:
        raise RequestInvalid(f"{name!r} is outside samples/")
    return read_sample(checkpoint / SAMPLES_FOLDER / name, str(entry["sentence"]))


def _decode(source: str | io.BytesIO, name: str) -> npt.NDArray[np.float32]:
    try:
        with translate_shortage(name):
            audio: npt.NDArray[np.float32] = decode_audio(source, sampling_rate=RATE_HZ)
    except (FFmpegError, ValueError, IndexError) as error:
        raise RequestInvalid(f"{name} is not audio that can be read: {error}") from error
    return audio
