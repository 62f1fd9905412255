"""The model in the form that serves it: Hugging Face weights to a CTranslate2 folder, for evaluation."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from carabin.ct2whisper.errors import Ct2WhisperError
from carabin.ct2whisper.weights import Weights
from torch import Tensor
from transformers import WhisperForConditionalGeneration

from ..errors import EvaluationFailed

PROCESSOR: Final = ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json")
"""What a checkpoint keeps of its base beside weights and config: training changes none of it."""


def write_hf(
    model: WhisperForConditionalGeneration, base: Path, target: Path, state: Mapping[str, Tensor] | None = None
) -> Path:
    """Write `model`, with the weights `state` in place of its own, and the base's processor to a folder."""
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target, state_dict=dict(state) if state is not None else None)
    for path in processor_files(base):
        shutil.copyfile(path, target / path.name)
    for path in target.iterdir():
        path.chmod(0o644)  # safetensors writes 0600, which another container's user cannot read
    return target


def processor_files(base: Path) -> list[Path]:
    """Return the base's files that a checkpoint needs beside its weights."""
    return [base / name for name in PROCESSOR if (base / name).is_file()]


def write_ct2(checkpoint: Path, target: Path, quantization: str = "int8") -> Path:
    """Convert a Hugging Face folder for faster-whisper, with the code that converts what is served.

    Raises:
        EvaluationFailed: its files do not fit each other.
        DiskFailed: the disk is full or may not be written.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    try:
        Weights(checkpoint).write({quantization: target})
    except Ct2WhisperError as error:
        raise EvaluationFailed(f"{checkpoint}: it cannot be converted: {error.reason}") from error
    for name in ("tokenizer.json", "preprocessor_config.json"):
        if (checkpoint / name).is_file():
            shutil.copyfile(checkpoint / name, target / name)
    return target
