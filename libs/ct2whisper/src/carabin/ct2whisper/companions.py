"""The two JSON files beside model.bin: config.json and vocabulary.json, as CTranslate2's converter writes them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from carabin.registry.disk import local_file
from tokenizers import Tokenizer

from .errors import WeightsUnfit

S_PER_TIMESTAMP: Final = 0.02
"""Whisper has a token for each 20 ms of its window."""


def write_config(checkpoint: Path, folder: Path) -> None:
    """Write config.json from the checkpoint's generation_config.json.

    Raises:
        WeightsUnfit: generation_config.json names no languages.
        DiskFailed: the disk is full or may not be written.
    """
    try:
        generation = json.loads((checkpoint / "generation_config.json").read_bytes())
        config = {
            "alignment_heads": generation.get("alignment_heads"),
            "lang_ids": sorted(generation["lang_to_id"].values()),
            "suppress_ids": generation.get("suppress_tokens"),
            "suppress_ids_begin": generation.get("begin_suppress_tokens"),
        }
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise WeightsUnfit(checkpoint, f"generation_config.json cannot be followed: {error}") from error
    _write_json(folder / "config.json", json.dumps(config, indent=2, sort_keys=True) + "\n")


def write_vocabulary(checkpoint: Path, folder: Path, size: int) -> None:
    """Write vocabulary.json: the `size` tokens of the checkpoint's tokenizer.json in order of their ids.

    Raises:
        WeightsUnfit: tokenizer.json cannot be read.
        DiskFailed: the disk is full or may not be written.
    """
    _write_json(folder / "vocabulary.json", json.dumps(_tokens(checkpoint, size), indent=2))


def _tokens(checkpoint: Path, size: int) -> Sequence[str]:
    """Return the tokens by id; a tokenizer that does not spell out the timestamps gets them at its end."""
    try:
        ids = Tokenizer.from_file(str(checkpoint / "tokenizer.json")).get_vocab(with_added_tokens=True)
    except Exception as error:  # tokenizers raises nothing more precise
        raise WeightsUnfit(checkpoint, f"tokenizer.json cannot be read: {error}") from error
    tokens = sorted(ids, key=ids.__getitem__)[:size]
    timestamps = (f"<|{number * S_PER_TIMESTAMP:.2f}|>" for number in range(size - len(tokens)))
    return [*tokens, *timestamps]


def _write_json(path: Path, text: str) -> None:
    with local_file(path):
        path.write_text(text, encoding="utf-8")


def read_config(checkpoint: Path) -> dict[str, Any]:
    """Return the checkpoint's config.json.

    Raises:
        WeightsUnfit: it is not there, or holds no JSON object.
    """
    try:
        config = json.loads((checkpoint / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise WeightsUnfit(checkpoint, f"config.json cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise WeightsUnfit(checkpoint, "config.json holds no JSON object")
    return config
