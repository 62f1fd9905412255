"""Decodes dictations with faster-whisper, the library that will serve; the seam between evaluation and the model."""

from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ
from ..errors import EvaluationFailed

TOKENS_A_SECOND: Final = 12
SPARE_TOKENS: Final = 16
"""Serving's own limit on a final: fast French is 6 to 7 tokens a second, more than 12 is a model repeating itself."""

_MOST_NEW_TOKENS: Final = 440
_HOP: Final = 160
"""Samples of one mel frame, 10 ms."""


class EvaluationDecoder:
    """A CTranslate2 Whisper folder, decoding one dictation at a time, deterministically.

    Temperature stays 0: the fallback draws at random, and a score must be the same twice. Repetitions are cut where
    serving cuts them, or one endless loop would weigh more than all other dictations together.
    """

    def __init__(
        self,
        folder: Path,
        *,
        compute_type: str = "int8",
        beam_size: int = 5,
        language: str = "fr",
        device: str = "cpu",
        cpu_threads: int = 0,
        window: tuple[int, int] | None = None,
    ) -> None:
        """Load the model; `window` = (smallest encoder window, margin after the speech), in frames of 10 ms.

        Raises:
            EvaluationFailed: the folder is not a model that faster-whisper reads.
        """
        from faster_whisper import WhisperModel

        if not (folder / "model.bin").is_file():
            raise EvaluationFailed(f"{folder}: it holds no model.bin: give a CTranslate2 folder")
        try:
            self._model: Any = WhisperModel(
                str(folder), device=device, compute_type=compute_type, cpu_threads=cpu_threads, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise EvaluationFailed(f"{folder}: faster-whisper cannot load it: {error}") from error
        self._options = {
            "language": language,
            "beam_size": beam_size,
            "temperature": 0.0,
            "condition_on_previous_text": False,
        }
        if window:
            self._encode_only_the_speech(*window)

    def text(self, samples: npt.NDArray[np.float32]) -> str:
        """Return what the model writes for (n,) samples at 16 kHz."""
        self._frames = round(len(samples) / _HOP)
        cap = ceil(min(len(samples) / RATE_HZ, 30.0) * TOKENS_A_SECOND) + SPARE_TOKENS
        # CTranslate2 stops at half of the length it is given: twice the cap, within the decoder's 448 positions.
        segments, _ = self._model.transcribe(samples, max_new_tokens=min(2 * cap, _MOST_NEW_TOKENS), **self._options)
        return " ".join(segment.text.strip() for segment in segments).strip()

    def _encode_only_the_speech(self, min_frames: int, margin_frames: int) -> None:
        """Cut the encoder's input as the transcriber does, so that the score is that of serving."""
        encode = self._model.encode

        def encode_cut(features: npt.NDArray[np.float32]) -> Any:
            frames = min(features.shape[-1], max(min_frames, self._frames + margin_frames))
            return encode(np.ascontiguousarray(features[..., : frames + frames % 2]))

        self._model.encode = encode_cut
