"""From a Hugging Face checkpoint to a CTranslate2 folder that faster-whisper opens offline."""

import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Final

from ctranslate2.converters import TransformersConverter

from .checkpoint import inspect_checkpoint
from .errors import ConversionFailed

MODEL_FILES: Final = (
    "model.bin",
    "config.json",
    "tokenizer.json",
    "vocabulary.json",
    "preprocessor_config.json",
)

QUANTIZATIONS: Final = (
    "float16",
    "float32",
    "bfloat16",
    "int8",
    "int8_float16",
    "int8_bfloat16",
    "int16",
)

PREPROCESSOR_KEYS: Final = ("feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft")
"""The only keys that faster-whisper 1.2 reads from preprocessor_config.json (its FeatureExtractor's arguments)."""


def convert(checkpoint: Path, target: Path, quantization: str = "float16") -> Path:
    """Convert `checkpoint` into the new folder `target`, all of it or nothing.

    Raises:
        CheckpointRefused: the checkpoint fails the gate.
        ConversionFailed: `target` exists, the form is unknown, or the converter failed.
    """
    if quantization not in QUANTIZATIONS:
        raise ConversionFailed(checkpoint, f"unknown quantization {quantization!r}; one of {', '.join(QUANTIZATIONS)}")
    if target.exists():
        raise ConversionFailed(checkpoint, f"{target} exists already; model versions are never overwritten")
    if quantization == "int16":
        warnings.warn(
            "int16 is twice the size of int8 and runs as int16 on Intel CPUs only; int8 or float16 serves better",
            stacklevel=2,
        )
    inspect_checkpoint(checkpoint)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        converted = Path(scratch) / "model"
        _run_converter(checkpoint, converted, quantization)
        _copy_companions(checkpoint, converted)
        converted.rename(target)
    return target


def _run_converter(checkpoint: Path, converted: Path, quantization: str) -> None:
    try:
        TransformersConverter(str(checkpoint)).convert(str(converted), quantization=quantization)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise ConversionFailed(checkpoint, str(error)) from error


def _copy_companions(checkpoint: Path, converted: Path) -> None:
    """The tokenizer is the trained one; the preprocessor keeps just what faster-whisper reads."""
    shutil.copyfile(checkpoint / "tokenizer.json", converted / "tokenizer.json")
    preprocessor = json.loads((checkpoint / "preprocessor_config.json").read_text(encoding="utf-8"))
    kept = {key: preprocessor[key] for key in PREPROCESSOR_KEYS if key in preprocessor}
    (converted / "preprocessor_config.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    for file in converted.iterdir():
        file.chmod(0o644)  # safetensors and mkstemp leave 0600, which another container's user cannot read
