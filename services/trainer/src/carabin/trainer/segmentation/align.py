"""Finds when words are spoken, with the stock model: the times that `segment` lays the reference text along."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .cut import RecognizedWord


class Aligner(Protocol):
    """Finds when words are spoken."""

    def align(self, samples: npt.NDArray[np.float32]) -> list[RecognizedWord]:
        """Return the words of (n,) samples at 16 kHz, of any length, in order."""


class WhisperAligner:
    """faster-whisper's word times (cross-attention and dynamic time warping, as OpenAI's `timing.py`)."""

    def __init__(self, ct2_folder: Path, *, language: str = "fr", cpu_threads: int = 0) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(
            str(ct2_folder), device="cpu", compute_type="int8", cpu_threads=cpu_threads, local_files_only=True
        )
        self._language = language

    def align(self, samples: npt.NDArray[np.float32]) -> list[RecognizedWord]:
        segments, _ = self._model.transcribe(
            samples, language=self._language, beam_size=1, word_timestamps=True, condition_on_previous_text=False
        )
        return [RecognizedWord(word.word, word.start, word.end) for part in segments for word in part.words or ()]

    def transcribe(self, samples: npt.NDArray[np.float32]) -> str:
        """Return what the stock model writes of (n,) samples at 16 kHz, greedily and without sampling."""
        segments, _ = self._model.transcribe(
            samples, language=self._language, beam_size=1, temperature=0.0, condition_on_previous_text=False
        )
        return " ".join(part.text.strip() for part in segments)
