"""Finds when words are spoken, with the stock model: the times that `segment` lays the reference text along."""

from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ
from .cut import RecognizedWord

MAX_TEXT_TOKENS: Final = 440
"""Of the decoder's 448 positions, a few are for its prompt; a longer text is judged by its beginning."""


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

    @cached_property
    def _tokenizer(self) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language=self._language)

    @cached_property
    def _silence(self) -> tuple[Any, int]:
        return self._encoded(np.zeros(RATE_HZ, np.float32))

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

    def evidence(self, samples: npt.NDArray[np.float32], text: str) -> float:
        """Return by how much (n,) samples at 16 kHz, the first 30 s of them, make a text likelier, in nats a token.

        log p(text | sound) - log p(text | silence), the pointwise mutual information: a text that the model finds
        likely in any case gains nothing, and noise that takes away from every text alike matters less.
        """
        tokens = self._tokenizer.encode(" " + text.strip())[:MAX_TEXT_TOKENS]
        if not tokens:
            return 0.0
        with_sound, without = (
            self._log_likelihood(*encoded, tokens) for encoded in (self._encoded(samples), self._silence)
        )
        return (with_sound - without) / len(tokens)

    def _encoded(self, samples: npt.NDArray[np.float32]) -> tuple[Any, int]:
        """Return the encoder's states of one window, and how many of its frames hold sound."""
        from faster_whisper.audio import pad_or_trim

        features = self._model.feature_extractor(samples)
        n_frames = min(features.shape[-1], self._model.feature_extractor.nb_max_frames)
        return self._model.encode(pad_or_trim(features)), n_frames

    def _log_likelihood(self, encoded: Any, n_frames: int, tokens: list[int]) -> float:
        aligned = self._model.model.align(encoded, list(self._tokenizer.sot_sequence), [tokens], n_frames)[0]
        return float(np.log(np.maximum(aligned.text_token_probs, 1e-10)).sum())
