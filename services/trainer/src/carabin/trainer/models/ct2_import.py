"""Rebuilds a Hugging Face Whisper from a CTranslate2 folder, so that training needs no model hub.

Every variable of the embedded base model comes back bit for bit when the result is converted again: that is a test.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from carabin.ct2whisper.binary import read_binary
from carabin.ct2whisper.errors import BinaryInvalid
from carabin.ct2whisper.rebuild import quantised_weight, rebuild_tensors, whisper_sizes
from tokenizers import Tokenizer
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from ..errors import BaseModelRefused

END_OF_TEXT: Final = "<|endoftext|>"
TOKENS: Final = ("alignment_heads", "suppress_ids", "suppress_ids_begin", "lang_ids")
"""What CTranslate2's config.json keeps of generation_config.json."""


def import_ct2(source: Path, target: Path) -> Path:
    """Write the CTranslate2 Whisper in `source` as a Hugging Face folder at `target`.

    Raises:
        BaseModelRefused: model.bin is not a CTranslate2 Whisper, or its weights are quantised, so that training would
            start from rounded values; or tokenizer.json or config.json is not that of a multilingual Whisper.
    """
    try:
        binary = read_binary(source / "model.bin")
        quantised = quantised_weight(binary)
        if quantised:
            raise BaseModelRefused(f"{source}: {quantised} is quantised: train from a float16 or float32 model")
        tokenizer = _read_tokenizer(source)
        generation = _generation_config(source, tokenizer)
        sizes = whisper_sizes(binary)
        model = WhisperForConditionalGeneration(_config(sizes, tokenizer))
        state = {name: torch.from_numpy(values) for name, values in rebuild_tensors(binary, sizes)}
    except BinaryInvalid as error:
        raise BaseModelRefused(f"{error.path}: not a model to train from: {error.reason}") from error
    model.load_state_dict(state, strict=False)
    _require_complete(source, model, state)
    model.generation_config = generation
    model.save_pretrained(target)
    WhisperFeatureExtractor(feature_size=model.config.num_mel_bins).save_pretrained(target)  # type: ignore[no-untyped-call]
    _write_tokenizer(source, target, tokenizer)
    for file in target.iterdir():
        file.chmod(0o644)  # safetensors writes 0600, which another container's user cannot read
    return target


def _read_tokenizer(source: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(source / "tokenizer.json"))
    except Exception as error:  # tokenizers raises nothing more precise
        raise BaseModelRefused(f"{source}: tokenizer.json cannot be read: {error}") from error


def _config(sizes: Mapping[str, Any], tokenizer: Tokenizer) -> WhisperConfig:
    end = _token_id(tokenizer, END_OF_TEXT)
    return WhisperConfig(
        **sizes,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=_token_id(tokenizer, "<|startoftranscript|>"),
    )


def _require_complete(source: Path, model: WhisperForConditionalGeneration, state: Mapping[str, torch.Tensor]) -> None:
    missing = sorted(set(model.state_dict()) - set(state))
    unknown = sorted(set(state) - set(model.state_dict()))
    if missing or unknown:
        raise BaseModelRefused(f"{source}: weights do not match Whisper's: missing {missing}, unknown {unknown}")


def _generation_config(source: Path, tokenizer: Tokenizer) -> GenerationConfig:
    """CTranslate2's config.json keeps the ids; converting back needs them by name."""
    config = _read_config(source)
    end = _token_id(tokenizer, END_OF_TEXT)
    return GenerationConfig(  # type: ignore[no-untyped-call]
        alignment_heads=config["alignment_heads"],
        suppress_tokens=config["suppress_ids"],
        begin_suppress_tokens=config["suppress_ids_begin"],
        lang_to_id={tokenizer.id_to_token(token_id): token_id for token_id in config["lang_ids"]},
        task_to_id={task: _token_id(tokenizer, f"<|{task}|>") for task in ("transcribe", "translate")},
        no_timestamps_token_id=_token_id(tokenizer, "<|notimestamps|>"),
        prev_sot_token_id=_token_id(tokenizer, "<|startofprev|>"),
        decoder_start_token_id=_token_id(tokenizer, "<|startoftranscript|>"),
        is_multilingual=True,
        max_initial_timestamp_index=50,  # speech starts within the first second (Whisper's decoding.py)
        max_length=448,  # Whisper's text context
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )


def _read_config(source: Path) -> Mapping[str, Any]:
    try:
        config: Mapping[str, Any] = json.loads((source / "config.json").read_text(encoding="utf-8"))
        missing = [name for name in TOKENS if name not in config]
    except (OSError, ValueError, TypeError) as error:
        raise BaseModelRefused(f"{source}: config.json cannot be read: {error}") from error
    if missing:
        raise BaseModelRefused(f"{source}: config.json does not name {', '.join(missing)}: convert the model again")
    return config


def _token_id(tokenizer: Tokenizer, token: str) -> int:
    token_id = tokenizer.token_to_id(token)
    if token_id is None:
        raise BaseModelRefused(f"tokenizer.json has no {token}: not a multilingual Whisper's tokenizer")
    return token_id


def _write_tokenizer(source: Path, target: Path, tokenizer: Tokenizer) -> None:
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    end = _token_id(tokenizer, END_OF_TEXT)
    config = {
        "tokenizer_class": "WhisperTokenizer",
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT,
        "unk_token": END_OF_TEXT,
        "pad_token": END_OF_TEXT,
        "extra_special_tokens": [tokenizer.id_to_token(i) for i in range(end + 1, tokenizer.get_vocab_size())],
    }
    (target / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
