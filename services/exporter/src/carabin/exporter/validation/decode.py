"""Greedy decoding as both sides of the gate do it: one window, one prompt, one cap on the length."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
import numpy.typing as npt
import torch
from carabin.registry.serving_window import (
    FRAMES_PER_S,
    FULL_WINDOW,
    MAX_COMPRESSION_RATIO,
    compression_ratio,
    token_cap,
)
from carabin.service.shortage import translate_shortage
from faster_whisper import WhisperModel
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import WhisperForConditionalGeneration
from transformers.utils import logging as transformers_logging

from ..errors import CheckpointRefused, ConversionRefused
from .samples import Sample

Mel = npt.NDArray[np.float32]
"""Shape (n_mels, n_frames)."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """What a model wrote of one sample."""

    tokens: tuple[int, ...]
    """Without prompt and end."""
    text: str
    capped: bool
    """It was still writing when its tokens ran out."""

    @property
    def loops(self) -> bool:
        """Whether it repeats itself instead of ending."""
        return self.capped or compression_ratio(self.text) > MAX_COMPRESSION_RATIO


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A sample, its mel and what the converted model wrote of it in the full window."""

    sample: Sample
    mel: Mel
    hypothesis: DecodedText


class ModelDecoder:
    """Decodes samples with a converted model, as the transcriber's engine will: encode, then generate.

    Args:
        whisper: the model, opened by faster-whisper.
        folder: where its tokenizer lies, and the name in errors.
    """

    def __init__(self, whisper: WhisperModel, folder: Path, language: str) -> None:
        self._whisper, self._folder = whisper, folder
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._prompt = prompt_ids(self._tokenizer, language, folder)
        self._end = self._tokenizer.token_to_id("<|endoftext|>")

    def mel(self, sample: Sample) -> Mel:
        """Return the sample's own frames, unpadded."""
        features: Mel = self._whisper.feature_extractor(sample.audio, padding=0)
        return features[:, : math.ceil(sample.duration_s * FRAMES_PER_S)]

    def decode_all(self, samples: Sequence[Sample]) -> list[Transcribed]:
        """Decode every sample in the full window."""
        mels = [self.mel(sample) for sample in samples]
        return [Transcribed(sample, mel, self.decode(mel)) for sample, mel in zip(samples, mels, strict=True)]

    def decode(self, mel: Mel, window: int = FULL_WINDOW) -> DecodedText:
        """Encode `window` frames, the mel and zeros after it, and decode them greedily.

        Raises:
            ConversionRefused: it cannot.
        """
        cap = token_cap(mel.shape[1])
        try:
            with translate_shortage(self._folder):
                features = ctranslate2.StorageView.from_array(padded(mel, window)[None])
                result = self._whisper.model.generate(
                    self._whisper.model.encode(features), [list(self._prompt)], beam_size=1, max_length=2 * cap
                )[0]
        except (RuntimeError, ValueError) as error:
            raise ConversionRefused(self._folder, f"it cannot decode a window of {window} frames: {error}") from error
        tokens = tuple(token for token in result.sequences_ids[0] if token != self._end)
        return DecodedText(tokens, text_of(self._tokenizer, tokens), len(tokens) >= cap)


class CheckpointDecoder:
    """Decodes samples with the checkpoint itself, in transformers and float32: what the gate takes as the truth."""

    def __init__(self, checkpoint: Path, language: str) -> None:
        self._folder = checkpoint
        self._tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        self._prompt = prompt_ids(self._tokenizer, language, checkpoint)
        self._language = language
        # Its warnings are about how generate() is called, never about the checkpoint.
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            with translate_shortage(checkpoint):
                self._model = WhisperForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32)
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:
            raise CheckpointRefused(checkpoint, f"transformers cannot open it: {error}") from error

    def decode(self, mel: Mel) -> DecodedText:
        """Decode the mel, padded to 30 s with zeros as faster-whisper does, greedily.

        Raises:
            CheckpointRefused: transformers cannot generate from it.
        """
        cap = token_cap(mel.shape[1])
        try:
            with translate_shortage(self._folder), torch.inference_mode():
                ids = self._model.generate(
                    torch.from_numpy(padded(mel, FULL_WINDOW)[None]),
                    language=self._language, task="transcribe", return_timestamps=False,
                    num_beams=1, do_sample=False, max_new_tokens=cap,
                )  # fmt: skip
        except (RuntimeError, ValueError, KeyError, IndexError) as error:
            raise CheckpointRefused(self._folder, f"transformers cannot decode with it: {error}") from error
        end = self._tokenizer.token_to_id("<|endoftext|>")
        written = ids[0].tolist()
        if written[: len(self._prompt)] == list(self._prompt):
            written = written[len(self._prompt) :]
        tokens = tuple(token for token in written if token != end)
        return DecodedText(tokens, text_of(self._tokenizer, tokens), len(tokens) >= cap)


def prompt_ids(tokenizer: Tokenizer, language: str, folder: Path) -> tuple[int, ...]:
    """Return start, language, transcribe, no timestamps.

    Raises:
        ConversionRefused: the tokenizer lacks one of them.
    """
    names = ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
    ids = {name: tokenizer.token_to_id(name) for name in names}
    for name, place in ids.items():
        if place is None:
            raise ConversionRefused(folder, f"its tokenizer has no {name}")
    return tuple(place for place in ids.values() if place is not None)


def padded(mel: Mel, window: int) -> Mel:
    """Return `window` frames: the mel, cut or followed by zeros."""
    kept = mel[:, :window]
    return np.ascontiguousarray(np.pad(kept, ((0, 0), (0, window - kept.shape[1]))), dtype=np.float32)


def text_of(tokenizer: Tokenizer, tokens: tuple[int, ...]) -> str:
    """Return the text of the tokens that are text."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()
