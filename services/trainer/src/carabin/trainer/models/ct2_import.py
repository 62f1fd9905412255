"""Rebuilds a Hugging Face Whisper from a CTranslate2 folder, so that training needs no model hub.

The mapping inverts CTranslate2's WhisperLoader (converters/transformers.py). Every variable of the embedded base
model comes back bit for bit when the result is converted again: that is a test.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from ..errors import BaseModelRefused
from .ct2_reader import Ct2Model, read_ct2

Variables = Mapping[str, npt.NDArray[Any]]

END_OF_TEXT = "<|endoftext|>"


def import_ct2(source: Path, target: Path) -> Path:
    """Write the CTranslate2 Whisper in `source` as a Hugging Face folder at `target`.

    Raises:
        BaseModelRefused: the weights are quantised; training would start from rounded values.
        Ct2FormatInvalid: model.bin is not a CTranslate2 Whisper.
    """
    ct2 = read_ct2(source / "model.bin")
    quantised = [name for name in ct2.variables if name.endswith("weight_scale")]
    if quantised:
        raise BaseModelRefused(f"{source}: quantised ({quantised[0]}): train from a float16 or float32 model")
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    model = WhisperForConditionalGeneration(_config(ct2, tokenizer))
    state = {name: torch.from_numpy(value.astype(np.float32)) for name, value in _state(ct2)}
    model.load_state_dict(state, strict=False)
    _require_complete(source, model, state)
    model.generation_config = _generation_config(source, tokenizer)
    model.save_pretrained(target)
    WhisperFeatureExtractor(feature_size=model.config.num_mel_bins).save_pretrained(target)  # type: ignore[no-untyped-call]
    _write_tokenizer(source, target, tokenizer)
    for file in target.iterdir():
        file.chmod(0o644)  # safetensors writes 0600, which another container's user cannot read
    return target


def _config(ct2: Ct2Model, tokenizer: Tokenizer) -> WhisperConfig:
    variables = ct2.resolved()
    vocabulary_size, d_model = variables["decoder/embeddings/weight"].shape
    end = _token_id(tokenizer, END_OF_TEXT)
    return WhisperConfig(
        vocab_size=vocabulary_size,
        num_mel_bins=variables["encoder/conv1/weight"].shape[1],
        d_model=d_model,
        encoder_layers=_count_layers(variables, "encoder"),
        decoder_layers=_count_layers(variables, "decoder"),
        encoder_attention_heads=int(variables["encoder/num_heads"]),
        decoder_attention_heads=int(variables["decoder/num_heads"]),
        encoder_ffn_dim=variables["encoder/layer_0/ffn/linear_0/weight"].shape[0],
        decoder_ffn_dim=variables["decoder/layer_0/ffn/linear_0/weight"].shape[0],
        max_source_positions=variables["encoder/position_encodings/encodings"].shape[0],
        max_target_positions=variables["decoder/position_encodings/encodings"].shape[0],
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=_token_id(tokenizer, "<|startoftranscript|>"),
    )


def _count_layers(variables: Variables, side: str) -> int:
    return len({name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_") and name.count("/") > 2})


def _state(ct2: Ct2Model) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    variables = ct2.resolved()
    yield "model.decoder.embed_tokens.weight", variables["decoder/embeddings/weight"]
    yield "proj_out.weight", variables["decoder/embeddings/weight"]
    for conv in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            yield f"model.encoder.{conv}.{kind}", variables[f"encoder/{conv}/{kind}"]
    for side in ("encoder", "decoder"):
        yield f"model.{side}.embed_positions.weight", variables[f"{side}/position_encodings/encodings"]
        yield from _norm(variables, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for layer in range(_count_layers(variables, side)):
            yield from _layer(variables, f"{side}/layer_{layer}", f"model.{side}.layers.{layer}")


def _layer(variables: Variables, ct2: str, hf: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    yield from _split(variables, f"{ct2}/self_attention/linear_0", f"{hf}.self_attn", "qkv")
    yield from _linear(variables, f"{ct2}/self_attention/linear_1", f"{hf}.self_attn.out_proj")
    yield from _norm(variables, f"{ct2}/self_attention/layer_norm", f"{hf}.self_attn_layer_norm")
    if f"{ct2}/attention/linear_0/weight" in variables:
        yield from _split(variables, f"{ct2}/attention/linear_0", f"{hf}.encoder_attn", "q")
        yield from _split(variables, f"{ct2}/attention/linear_1", f"{hf}.encoder_attn", "kv")
        yield from _linear(variables, f"{ct2}/attention/linear_2", f"{hf}.encoder_attn.out_proj")
        yield from _norm(variables, f"{ct2}/attention/layer_norm", f"{hf}.encoder_attn_layer_norm")
    yield from _linear(variables, f"{ct2}/ffn/linear_0", f"{hf}.fc1")
    yield from _linear(variables, f"{ct2}/ffn/linear_1", f"{hf}.fc2")
    yield from _norm(variables, f"{ct2}/ffn/layer_norm", f"{hf}.final_layer_norm")


def _split(variables: Variables, ct2: str, hf: str, projections: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Undo the fusion of projections; Whisper's key projection has no bias, so its share must be zero."""
    weights = np.split(variables[f"{ct2}/weight"], len(projections))
    biases = np.split(variables[f"{ct2}/bias"], len(projections))
    for projection, weight, bias in zip(projections, weights, biases, strict=True):
        yield f"{hf}.{projection}_proj.weight", weight
        if projection != "k":
            yield f"{hf}.{projection}_proj.bias", bias
        elif bias.any():
            raise BaseModelRefused(f"{ct2}: its key projection has a bias, which Whisper's has not")


def _linear(variables: Variables, ct2: str, hf: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    yield f"{hf}.weight", variables[f"{ct2}/weight"]
    yield f"{hf}.bias", variables[f"{ct2}/bias"]


def _norm(variables: Variables, ct2: str, hf: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    yield f"{hf}.weight", variables[f"{ct2}/gamma"]
    yield f"{hf}.bias", variables[f"{ct2}/beta"]


def _require_complete(source: Path, model: WhisperForConditionalGeneration, state: Mapping[str, torch.Tensor]) -> None:
    missing = sorted(set(model.state_dict()) - set(state))
    unknown = sorted(set(state) - set(model.state_dict()))
    if missing or unknown:
        raise BaseModelRefused(f"{source}: weights do not match Whisper's: missing {missing}, unknown {unknown}")


def _generation_config(source: Path, tokenizer: Tokenizer) -> GenerationConfig:
    """CTranslate2's config.json keeps the ids; converting back needs them by name."""
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
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
