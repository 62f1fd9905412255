"""From a Hugging Face checkpoint to CTranslate2 folders that faster-whisper opens offline."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from carabin.ct2whisper.errors import WeightsUnfit
from carabin.ct2whisper.quantize import FORMS
from carabin.ct2whisper.weights import Check, Weights
from carabin.registry.disk import local_file

from ..errors import ConversionFailed
from .checkpoint_gate import CheckpointFacts, inspect_checkpoint

MODEL_FILES: Final = (
    "model.bin",
    "config.json",
    "tokenizer.json",
    "vocabulary.json",
    "preprocessor_config.json",
)

PREPROCESSOR_KEYS: Final = ("feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft")
"""The only keys that faster-whisper 1.2 reads from preprocessor_config.json (its FeatureExtractor's arguments)."""

INT16_WARNING: Final = (
    "int16 is twice the size of int8 and runs as int16 on Intel CPUs only; int8 or float16 serves better"
)


def convert_all(checkpoint: Path, targets: Mapping[str, Path], check: Check = lambda: None) -> CheckpointFacts:
    """Convert `checkpoint` into a new folder for each quantization, from one load; all of them or none.

    Raises:
        CheckpointRefused: the checkpoint fails the gate.
        ConversionFailed: a target exists, a form is unknown, or the converter failed.
        DiskFailed: the disk is full or may not be written.
    """
    for quantization, target in targets.items():
        if quantization not in FORMS:
            raise ConversionFailed(checkpoint, f"unknown quantization {quantization!r}; one of {', '.join(FORMS)}")
        if target.exists():
            raise ConversionFailed(checkpoint, f"{target} exists already; model versions are never overwritten")
    if "int16" in targets:
        warnings.warn(INT16_WARNING, stacklevel=2)
    facts = inspect_checkpoint(checkpoint)
    check()
    with ExitStack() as stack:
        scratch = {form: _beside(target, stack) for form, target in targets.items()}
        try:
            Weights(checkpoint).write(scratch, check)
        except WeightsUnfit as error:
            raise ConversionFailed(checkpoint, error.reason) from error
        for form, target in targets.items():
            _copy_companions(checkpoint, scratch[form])
            scratch[form].rename(target)
    return facts


def _beside(target: Path, stack: ExitStack) -> Path:
    """Make a folder next to the target, so that the last step is a rename within one file system."""
    with local_file(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = stack.enter_context(tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-"))
        folder = Path(scratch) / "model"
        folder.mkdir()
    return folder


def _copy_companions(checkpoint: Path, converted: Path) -> None:
    """The tokenizer is the trained one; the preprocessor keeps just what faster-whisper reads."""
    with local_file(converted / "tokenizer.json"):
        shutil.copyfile(checkpoint / "tokenizer.json", converted / "tokenizer.json")
    preprocessor = json.loads((checkpoint / "preprocessor_config.json").read_text(encoding="utf-8"))
    kept = {key: preprocessor[key] for key in PREPROCESSOR_KEYS if key in preprocessor}
    with local_file(converted / "preprocessor_config.json"):
        (converted / "preprocessor_config.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    for file in converted.iterdir():
        file.chmod(0o644)  # safetensors and mkstemp leave 0600, which another container's user cannot read
