"""The gate after conversion: the folder is opened and used exactly as the transcriber will."""

import logging
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
import numpy.typing as npt
from carabin.service.shortage import translate_shortage
from faster_whisper import WhisperModel

from ..conversion.ct2_files import require_files
from ..errors import ConversionRefused

# CTranslate2 warns that a CPU computes float16 weights as float32: that is what this gate asks for.
ctranslate2.set_log_level(logging.ERROR)


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """What the model wrote of one dictation, in both of Whisper's modes."""

    text: str
    """With timestamps, faster-whisper's default."""
    text_without_timestamps: str


class LoadedModel:
    """A CTranslate2 folder opened offline on the CPU.

    Raises:
        ConversionRefused: a file is missing, or the model does not load.
        ResourcesExhausted: memory or threads are short; the model may be sound.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        require_files(folder)
        with translate_shortage(folder):
            try:
                self.whisper = WhisperModel(str(folder), device="cpu", compute_type="default", local_files_only=True)
            except Exception as error:  # tokenizers raises nothing more precise
                raise ConversionRefused(folder, str(error)) from error

    def write_both(self, audio: npt.NDArray[np.float32], language: str) -> SmokeResult:
        """Transcribe `audio`, shape (n_samples,) at 16 kHz in [-1, 1], with and without timestamps.

        Raises:
            ConversionRefused: it cannot decode.
            ResourcesExhausted: see the class.
        """
        try:
            with translate_shortage(self.folder):
                texts = [self._write(audio, language, without) for without in (False, True)]
        except (OSError, RuntimeError, ValueError, IndexError, KeyError) as error:
            raise ConversionRefused(self.folder, str(error)) from error
        return SmokeResult(*texts)

    def _write(self, audio: npt.NDArray[np.float32], language: str, without_timestamps: bool) -> str:
        segments, _ = self.whisper.transcribe(
            audio, language=language, beam_size=1, temperature=0.0, without_timestamps=without_timestamps
        )
        return " ".join(segment.text.strip() for segment in segments).strip()
