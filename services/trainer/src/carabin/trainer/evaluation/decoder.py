"""Decodes dictations with faster-whisper, the library that will serve; the seam between evaluation and the model."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from carabin.registry.serving_window import WindowPolicy, frames_in, token_cap
from carabin.service.memory_errors import says_memory_is_short

from ..errors import EvaluationFailed

_MOST_NEW_TOKENS: Final = 440
"""What faster-whisper accepts beside its prompt in the decoder's 448 positions."""


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
        window: WindowPolicy | None = None,
    ) -> None:
        """Load the model.

        Args:
            window: the encoder window that serving uses; 30 s without it.

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
            short = ", as memory is short" if says_memory_is_short(str(error)) else ""
            raise EvaluationFailed(f"{folder}: faster-whisper cannot load it{short}: {error}") from error
        self._options = {
            "language": language,
            "beam_size": beam_size,
            "temperature": 0.0,
            "condition_on_previous_text": False,
        }
        if window:
            self._encode_only_the_speech(window)

    def text(self, samples: npt.NDArray[np.float32]) -> str:
        """Return what the model writes for (n,) samples at 16 kHz."""
        self._frames = frames_in(len(samples))
        # CTranslate2 stops at half of the length it is given: twice the cap, within the decoder's 448 positions.
        most = min(2 * token_cap(self._frames), _MOST_NEW_TOKENS)
        segments, _ = self._model.transcribe(samples, max_new_tokens=most, **self._options)
        return " ".join(segment.text.strip() for segment in segments).strip()

    def _encode_only_the_speech(self, window: WindowPolicy) -> None:
        """Cut the encoder's input as the transcriber does, so that the score is that of serving."""
        encode = self._model.encode

        def encode_cut(features: npt.NDArray[np.float32]) -> Any:
            return encode(np.ascontiguousarray(features[..., : window.window_for(self._frames)]))

        self._model.encode = encode_cut
