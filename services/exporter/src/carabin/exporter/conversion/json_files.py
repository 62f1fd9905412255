"""The JSON files of a model's folder, as every gate reads them: what is no JSON is refused by its name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import CheckpointRefused, ConversionRefused

Refusal: TypeAlias = type[CheckpointRefused] | type[ConversionRefused]
"""What a gate raises of its folder."""


def read_json(folder: Path, name: str, refusal: Refusal) -> Any:
    """Return what the file `name` of `folder` holds.

    Raises:
        CheckpointRefused, ConversionRefused: as `refusal` says, where it is not JSON in UTF-8.
        OSError: it cannot be opened now; that says nothing about the model.
    """
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise refusal(folder, f"{name} is not JSON: {error}") from error


def read_json_object(folder: Path, name: str, refusal: Refusal) -> dict[str, Any]:
    """Return the object that the file `name` of `folder` holds; raise as `read_json` does, also of another value."""
    value = read_json(folder, name, refusal)
    if not isinstance(value, dict):
        raise refusal(folder, f"{name} holds no JSON object")
    return value


def added_tokens(folder: Path, tokenizer: Mapping[str, Any], refusal: Refusal) -> list[tuple[int, str]]:
    """Return (id, text) of each token that a tokenizer.json adds to its vocabulary.

    Raises:
        CheckpointRefused, ConversionRefused: as `refusal` says, where one has no id or no text.
    """
    try:
        return [(int(token["id"]), str(token["content"])) for token in tokenizer.get("added_tokens") or ()]
    except (KeyError, TypeError, ValueError) as error:
        raise refusal(folder, "tokenizer.json has an added token without `id` and `content`") from error
