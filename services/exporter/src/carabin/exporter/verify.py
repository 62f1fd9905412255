"""The gate after conversion: the folder is opened and used exactly as the transcriber will."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel

from .convert import MODEL_FILES
from .errors import ModelRefused


@dataclass(frozen=True)
class SmokeResult:
    """What the model wrote of the smoke dictation, in both of Whisper's modes."""

    text: str
    """With timestamps, faster-whisper's default."""
    text_without_timestamps: str


def verify(model: Path, audio: npt.NDArray[np.float32], language: str = "fr") -> SmokeResult:
    """Load `model` offline on the CPU and transcribe `audio` with and without timestamps.

    Args:
        model: a CTranslate2 folder.
        audio: shape (n_samples,), float32 in [-1, 1], 16 kHz mono.
        language: Whisper's language code.

    Raises:
        ModelRefused: a file is missing, the model does not load, or it cannot decode.
    """
    for name in MODEL_FILES:
        if not (model / name).is_file():
            raise ModelRefused(model, f"{name} is missing")
    try:
        whisper = WhisperModel(str(model), device="cpu", compute_type="default", local_files_only=True)
        texts = [_transcribe(whisper, audio, language, without) for without in (False, True)]
    except (OSError, RuntimeError, ValueError, IndexError, KeyError) as error:
        raise ModelRefused(model, str(error)) from error
    return SmokeResult(*texts)


def _transcribe(whisper: WhisperModel, audio: npt.NDArray[np.float32], language: str, without_timestamps: bool) -> str:
    segments, _ = whisper.transcribe(
        audio, language=language, beam_size=1, temperature=0.0, without_timestamps=without_timestamps
    )
    return " ".join(segment.text.strip() for segment in segments)
