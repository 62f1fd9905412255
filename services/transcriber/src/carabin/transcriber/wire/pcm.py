"""Raw audio as clients send it: little-endian samples, 16 kHz, mono, without a header."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from ..core.api import DictationStream, Samples
from ..core.errors import ImpossibleAudio
from .errors import TornFrame, WrongAudioFormat


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How one sample is written; `decode` brings it to float32 with [-1, 1] as full scale."""

    name: str
    dtype: str
    zero: float
    """The value of silence."""
    scale: float
    """The distance from silence to full loudness."""

    def decode(self, frame: bytes) -> Samples:
        """Return the (n,) samples of a frame as they were sent: the dictation refuses what cannot be audio.

        Raises:
            TornFrame: the frame ends inside a sample.
        """
        size = np.dtype(self.dtype).itemsize
        if len(frame) % size:
            raise TornFrame(f"a frame of {len(frame)} bytes does not hold whole {self.name} samples of {size} bytes")
        raw = np.frombuffer(frame, self.dtype)
        if self.name == "float32":
            return raw.astype(np.float32)
        return (raw.astype(np.float32) - np.float32(self.zero)) / np.float32(self.scale)


FORMATS: Final = MappingProxyType(
    {
        "float32": AudioFormat("float32", "<f4", 0.0, 1.0),
        "int16": AudioFormat("int16", "<i2", 0.0, 32768.0),
        "uint8": AudioFormat("uint8", "u1", 128.0, 128.0),
    }
)
"""The names that the WhisperLive protocol uses."""

FLOAT32: Final = FORMATS["float32"]


def push_frame(dictation: DictationStream, audio: AudioFormat, frame: bytes) -> int:
    """Decode a frame into a dictation; return how many samples it held.

    Raises:
        TornFrame: the frame ends inside a sample.
        WrongAudioFormat: its samples cannot be audio in the declared format.
        SessionClosed: the dictation was finished.
    """
    samples = audio.decode(frame)
    try:
        dictation.push(samples)
    except ImpossibleAudio as error:
        raise WrongAudioFormat(
            f"the audio cannot be {audio.name} at 16 kHz, mono: it has {error.found}; probably {error.probable}. "
            f"Declare what you send in audio_format ({', '.join(FORMATS)})"
        ) from error
    return len(samples)
