"""For tests and benches: the tokens of large-v3, which no package index holds, made from those of any older Whisper."""

import json
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

FIRST_LANGUAGE: Final = 50259
N_OLDER_LANGUAGES: Final = 99
CANTONESE: Final = "<|yue|>"
FIRST_TEXTLESS: Final = 50257
"""Where the special tokens begin: <|endoftext|>."""


def write_tokens(source: Path, folder: Path, *, cantonese: bool) -> dict[str, Any]:
    """Write tokenizer.json and tokenizer_config.json into `folder`; return what generation_config.json says of them.

    Args:
        source: the tokenizer.json of a multilingual Whisper of 99 languages.
        cantonese: put Cantonese after the other languages, as large-v3 and turbo have it: later ids move up by one.
    """
    tokenizer: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    if cantonese:
        _insert(tokenizer, CANTONESE, FIRST_LANGUAGE + N_OLDER_LANGUAGES)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    places = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    names = {
        "tokenizer_class": "WhisperTokenizer",
        "extra_special_tokens": [name for name, place in places.items() if place >= FIRST_TEXTLESS],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(names))
    n_languages = N_OLDER_LANGUAGES + cantonese
    languages = range(FIRST_LANGUAGE, FIRST_LANGUAGE + n_languages)
    return {
        "lang_to_id": {name: place for name, place in places.items() if place in languages},
        "task_to_id": {task: places[f"<|{task}|>"] for task in ("translate", "transcribe")},
        "no_timestamps_token_id": places["<|notimestamps|>"],
        "eos_token_id": places["<|endoftext|>"],
        "bos_token_id": places["<|endoftext|>"],
        "pad_token_id": places["<|endoftext|>"],
        "decoder_start_token_id": places["<|startoftranscript|>"],
        "begin_suppress_tokens": [Tokenizer.from_file(str(source)).token_to_id("Ġ"), places["<|endoftext|>"]],
        "suppress_tokens": [],
        "is_multilingual": True,
        "max_length": 448,
    }


def _insert(tokenizer: dict[str, Any], name: str, place: int) -> None:
    """Put a special token at `place`; those from there on move up."""
    added = tokenizer["added_tokens"]
    for token in added:
        token["id"] += token["id"] >= place
    at = next(number for number, token in enumerate(added) if token["id"] > place)
    added.insert(at, {**added[at], "id": place, "content": name})
    known = tokenizer["model"]["vocab"]
    known.update({token["content"]: token["id"] for token in added if token["content"] in known})
