"""Reads the small files of a model version's folder, before anything large is loaded."""

import json
from pathlib import Path

from tokenizers import Tokenizer

from ..core.errors import ModelBroken, ModelMismatch

REQUIRED = ("model.bin", "config.json", "tokenizer.json", "preprocessor_config.json")
"""Without the last two faster-whisper would fetch a tokenizer of its own choice and assume 80 mel bins."""


END_OF_TEXT = "<|endoftext|>"
"""The first of Whisper's control tokens: the tokens of text are below it."""


def require_files(folder: Path, version: str) -> None:
    """Raise ModelBroken, naming what is missing."""
    missing = [name for name in REQUIRED if not (folder / name).is_file()]
    if missing:
        raise ModelBroken(version, f"{', '.join(missing)} missing")


def read_tokenizer(folder: Path, version: str) -> Tokenizer:
    """Read `tokenizer.json`.

    Raises:
        ModelBroken: it cannot be read.
        ModelMismatch: it is not Whisper's.
    """
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ModelBroken(version, f"tokenizer.json cannot be read: {error}") from error
    for mark in ("<|startoftranscript|>", "<|notimestamps|>", END_OF_TEXT):
        if tokenizer.token_to_id(mark) is None:
            raise ModelMismatch(version, f"tokenizer.json has no {mark}: it is not Whisper's")
    return tokenizer


def without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """Return a tokenizer of the same text tokens that knows no control token: their names are encoded as characters."""
    plain = Tokenizer(tokenizer.model)
    plain.normalizer = tokenizer.normalizer
    plain.pre_tokenizer = tokenizer.pre_tokenizer
    plain.decoder = tokenizer.decoder  # without one, `decode` gives the names of the tokens: « ĠpoitrinÃ© »
    return plain


def read_n_mels(folder: Path, version: str) -> int:
    """Read the number of mel bins from `preprocessor_config.json`; raise ModelBroken where it does not say."""
    try:
        return int(json.loads((folder / "preprocessor_config.json").read_text())["feature_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelBroken(version, f"preprocessor_config.json does not say feature_size: {error!r}") from error


def has_alignment(folder: Path) -> bool:
    """Return whether the model knows which attention heads follow the audio; without them words have no times."""
    try:
        return bool(json.loads((folder / "config.json").read_text()).get("alignment_heads"))
    except (ValueError, AttributeError):
        return False
