"""The gate before conversion: what a checkpoint must hold for its model to be right.

Each check stands for a checkpoint that CTranslate2 converts without a word and that then fails, or worse does not
fail, in front of a clinician.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from carabin.ct2whisper.errors import TensorsInvalid
from carabin.ct2whisper.layout import EMBEDDING
from carabin.ct2whisper.quantize import all_finite
from carabin.ct2whisper.tensors import read_tensors

from ..errors import CheckpointRefused
from .json_files import Refusal, read_json_object
from .token_gate import check_tokens

REQUIRED_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "config.json": "name the folder that `save_pretrained` or `trainer.save_model` wrote",
        "generation_config.json": "copy it from the model that training started from",
        "tokenizer.json": "save the processor into the folder too, with `processor.save_pretrained`",
        "preprocessor_config.json": "save the processor into the folder too, with `processor.save_pretrained`",
    }
)
"""What a checkpoint must hold beside its weights, each with what to do where it is missing."""

TO_SAFETENSORS: Final = (
    'python -c "from transformers import WhisperForConditionalGeneration as W;'
    " W.from_pretrained('.').save_pretrained('.')\""
)
"""Run inside the folder; transformers 5 reads the pickle with torch's loader for weights alone."""

N_LANGUAGES = (99, 100)
"""Multilingual Whisper knows 99 languages, and 100 from large-v3 on, which added Cantonese."""


@dataclass(frozen=True)
class CheckpointFacts:
    """What the gate read while it checked."""

    n_mels: int
    vocabulary_size: int
    n_languages: int


def inspect_checkpoint(folder: Path) -> CheckpointFacts:
    """Check a Hugging Face Whisper folder and say what it holds.

    Raises:
        CheckpointRefused: with the first reason found; nothing is written.
    """
    if (folder / "adapter_config.json").exists():
        raise CheckpointRefused(
            folder, "it is a LoRA adapter; merge it into its base model first: `carabin export` does"
        )
    _require_safetensors(folder)
    for name, remedy in REQUIRED_FILES.items():
        if not (folder / name).is_file():
            raise CheckpointRefused(folder, f"{name} is missing: {remedy}")
    config = read_json_object(folder, "config.json", CheckpointRefused)
    generation = read_json_object(folder, "generation_config.json", CheckpointRefused)
    n_languages = _check_generation(folder, generation)
    n_mels = _check_mels(folder, config)
    rows = _check_weights(folder)
    layers, heads = (int(config.get(name) or 0) for name in ("decoder_layers", "decoder_attention_heads"))
    check_alignment(folder, "generation_config.json", generation["alignment_heads"], layers, heads, CheckpointRefused)
    check_tokens(folder, config, generation, read_json_object(folder, "tokenizer.json", CheckpointRefused), rows)
    return CheckpointFacts(n_mels=n_mels, vocabulary_size=rows, n_languages=n_languages)


def _require_safetensors(folder: Path) -> None:
    """Weights are taken from safetensors alone: a pickle runs code when it is opened."""
    if any((folder / name).exists() for name in ("model.safetensors", "model.safetensors.index.json")):
        return
    pickles = sorted(path.name for path in folder.glob("pytorch_model*.bin"))
    if pickles:
        raise CheckpointRefused(
            folder,
            f"{pickles[0]} is a pickle, which may run code when it is opened: if you trust whoever made it, convert it"
            f" inside its folder, on a machine that holds nothing else: {TO_SAFETENSORS}",
        )
    inner = sorted(path.parent.name for path in folder.glob("*/config.json") if path.parent.name != "base")
    if inner:
        raise CheckpointRefused(folder, f"it holds no weights itself: name one of its folders, {', '.join(inner)}")
    raise CheckpointRefused(folder, "model.safetensors is missing: name the folder that `save_pretrained` wrote")


def _check_generation(folder: Path, generation: dict[str, Any]) -> int:
    """Without these the converted model loses languages or shifts word times, silently."""
    languages = generation.get("lang_to_id") or {}
    if len(languages) not in N_LANGUAGES:
        raise CheckpointRefused(
            folder, f"generation_config.json names {len(languages)} languages in lang_to_id, not 99 or 100"
        )
    if not generation.get("alignment_heads"):
        raise CheckpointRefused(folder, "generation_config.json has no alignment_heads: word times would be wrong")
    if not isinstance(generation.get("no_timestamps_token_id"), int):
        raise CheckpointRefused(folder, "generation_config.json has no no_timestamps_token_id")
    return len(languages)


def _check_mels(folder: Path, config: dict[str, Any]) -> int:
    expected = config.get("num_mel_bins")
    found = read_json_object(folder, "preprocessor_config.json", CheckpointRefused).get("feature_size")
    if not isinstance(expected, int) or found != expected:
        raise CheckpointRefused(
            folder, f"preprocessor_config.json makes {found} mel bins, the encoder reads {expected}"
        )
    return expected


def _check_weights(folder: Path) -> int:
    """Read every value once; return the rows of the token embedding."""
    try:
        tensors = read_tensors(folder)
    except TensorsInvalid as error:
        raise CheckpointRefused(folder, error.reason) from error
    for tensor in tensors.values():
        if not all(all_finite(block, tensor.dtype) for block in tensor.blocks()):
            raise CheckpointRefused(folder, f"{tensor.file.name}: {tensor.name} holds NaN or infinity")
    if EMBEDDING not in tensors:
        raise CheckpointRefused(folder, f"no {EMBEDDING} in its weights: not a Whisper model")
    return tensors[EMBEDDING].shape[0]


def check_alignment(folder: Path, file: str, alignment: Any, layers: int, heads: int, refusal: Refusal) -> None:
    """Check each head of word times: one that is not there is read from other memory, or ends the process.

    Args:
        file: where `alignment` stands.
        layers: of the decoder, with `heads` each.

    Raises:
        CheckpointRefused, ConversionRefused: as `refusal` says.
    """
    if not isinstance(alignment, list):
        raise refusal(folder, f"{file} has no list as alignment_heads")
    for head in alignment:
        pair = head if isinstance(head, list) and len(head) == 2 else [None, None]
        known = all(type(each) is int and 0 <= each < end for each, end in zip(pair, (layers, heads), strict=True))
        if not known:
            raise refusal(folder, f"{file} has the alignment head {head}, the decoder {layers} layers of {heads} heads")
