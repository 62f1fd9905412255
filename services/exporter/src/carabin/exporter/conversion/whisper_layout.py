"""Which of a Whisper checkpoint's tensors make up which of CTranslate2's variables, by name and shape alone.

CTranslate2 joins what it multiplies at once: the three projections of a self-attention, and keys and values of a
cross-attention (ctranslate2/converters/transformers.py, `WhisperLoader`; specs/whisper_spec.py).
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SPEC: Final = "WhisperSpec"
REVISION: Final = 3
BINARY_VERSION: Final = 6
GELU: Final = 3
"""In CTranslate2's enumeration of activations."""

EMBEDDING: Final = "model.decoder.embed_tokens.weight"
"""The checkpoint's name for the table of tokens: one row each."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelPart:
    """One tensor of the checkpoint, or zeros in its place."""

    tensor: str | None
    shape: Shape


@dataclass(frozen=True, slots=True)
class Variable:
    """One of CTranslate2's variables: its parts, one after another along the first dimension."""

    name: str
    parts: tuple[ModelPart, ...]
    quantizable: bool

    @property
    def shape(self) -> Shape:
        return sum(part.shape[0] for part in self.parts), *self.parts[0].shape[1:]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One of CTranslate2's settings, which it stores among the weights."""

    name: str
    dtype: str
    value: int

    @property
    def data(self) -> bytes:
        return struct.pack({"int8": "<b", "int16": "<h"}[self.dtype], self.value)


def whisper_variables(config: Mapping[str, Any]) -> list[Variable]:
    """Return every variable of the model that config.json describes, in order of name.

    Raises:
        KeyError: config.json lacks a field.
    """
    return sorted((*_encoder(config), *_decoder(config)), key=lambda variable: variable.name)


def whisper_scalars(config: Mapping[str, Any]) -> list[Scalar]:
    """Return the settings, in order of name."""
    return [
        Scalar("decoder/activation", "int8", GELU),
        Scalar("decoder/alibi", "int8", 0),
        Scalar("decoder/alibi_use_positive_positions", "int8", 0),
        Scalar("decoder/alignment_heads", "int16", 1),
        Scalar("decoder/alignment_layer", "int16", -1),
        Scalar("decoder/num_heads", "int16", int(config["decoder_attention_heads"])),
        Scalar("decoder/pre_norm", "int8", 1),
        Scalar("decoder/scale_alibi", "int8", 0),
        Scalar("decoder/scale_embeddings", "int8", 0),
        Scalar("decoder/start_from_zero_embedding", "int8", 0),
        Scalar("encoder/num_heads", "int16", int(config["encoder_attention_heads"])),
    ]


def _encoder(config: Mapping[str, Any]) -> Iterator[Variable]:
    width, hidden = config["d_model"], config["encoder_ffn_dim"]
    ours, theirs = "encoder", "model.encoder"
    for name, channels in (("conv1", config["num_mel_bins"]), ("conv2", width)):
        yield _one(f"{ours}/{name}/weight", f"{theirs}.{name}.weight", (width, channels, 3), quantizable=True)
        yield _one(f"{ours}/{name}/bias", f"{theirs}.{name}.bias", (width,))
    yield _positions(ours, theirs, (config["max_source_positions"], width))
    yield from _norm(f"{ours}/layer_norm", f"{theirs}.layer_norm", width)
    for number in range(config["encoder_layers"]):
        mine, yours = f"{ours}/layer_{number}", f"{theirs}.layers.{number}"
        yield from _self_attention(mine, yours, width)
        yield from _feed_forward(mine, yours, width, hidden)


def _decoder(config: Mapping[str, Any]) -> Iterator[Variable]:
    width, hidden = config["d_model"], config["decoder_ffn_dim"]
    ours, theirs = "decoder", "model.decoder"
    table = (config["vocab_size"], width)
    tied = config.get("tie_word_embeddings", True)
    yield _one(f"{ours}/embeddings/weight", EMBEDDING, table, quantizable=True)
    projection = EMBEDDING if tied else "proj_out.weight"
    yield _one(f"{ours}/projection/weight", projection, table, quantizable=True)
    yield _positions(ours, theirs, (config["max_target_positions"], width))
    yield from _norm(f"{ours}/layer_norm", f"{theirs}.layer_norm", width)
    for number in range(config["decoder_layers"]):
        mine, yours = f"{ours}/layer_{number}", f"{theirs}.layers.{number}"
        yield from _self_attention(mine, yours, width)
        yield from _cross_attention(mine, yours, width)
        yield from _feed_forward(mine, yours, width, hidden)


def _self_attention(mine: str, yours: str, width: int) -> Iterator[Variable]:
    yield from _joined(f"{mine}/self_attention/linear_0", f"{yours}.self_attn", ("q", "k", "v"), width)
    yield from _linear(f"{mine}/self_attention/linear_1", f"{yours}.self_attn.out_proj", (width, width))
    yield from _norm(f"{mine}/self_attention/layer_norm", f"{yours}.self_attn_layer_norm", width)


def _cross_attention(mine: str, yours: str, width: int) -> Iterator[Variable]:
    yield from _joined(f"{mine}/attention/linear_0", f"{yours}.encoder_attn", ("q",), width)
    yield from _joined(f"{mine}/attention/linear_1", f"{yours}.encoder_attn", ("k", "v"), width)
    yield from _linear(f"{mine}/attention/linear_2", f"{yours}.encoder_attn.out_proj", (width, width))
    yield from _norm(f"{mine}/attention/layer_norm", f"{yours}.encoder_attn_layer_norm", width)


def _feed_forward(mine: str, yours: str, width: int, hidden: int) -> Iterator[Variable]:
    yield from _linear(f"{mine}/ffn/linear_0", f"{yours}.fc1", (hidden, width))
    yield from _linear(f"{mine}/ffn/linear_1", f"{yours}.fc2", (width, hidden))
    yield from _norm(f"{mine}/ffn/layer_norm", f"{yours}.final_layer_norm", width)


def _joined(mine: str, yours: str, projections: tuple[str, ...], width: int) -> Iterator[Variable]:
    weights = tuple(ModelPart(f"{yours}.{each}_proj.weight", (width, width)) for each in projections)
    # Whisper's keys have no bias: added to every score alike, it would change nothing.
    biases = tuple(ModelPart(None if each == "k" else f"{yours}.{each}_proj.bias", (width,)) for each in projections)
    yield Variable(f"{mine}/weight", weights, quantizable=True)
    yield Variable(f"{mine}/bias", biases, quantizable=False)


def _linear(mine: str, yours: str, shape: Shape) -> Iterator[Variable]:
    yield _one(f"{mine}/weight", f"{yours}.weight", shape, quantizable=True)
    yield _one(f"{mine}/bias", f"{yours}.bias", shape[:1])


def _norm(mine: str, yours: str, width: int) -> Iterator[Variable]:
    yield _one(f"{mine}/gamma", f"{yours}.weight", (width,))
    yield _one(f"{mine}/beta", f"{yours}.bias", (width,))


def _positions(mine: str, yours: str, shape: Shape) -> Variable:
    return _one(f"{mine}/position_encodings/encodings", f"{yours}.embed_positions.weight", shape)


def _one(mine: str, yours: str, shape: Shape, *, quantizable: bool = False) -> Variable:
    return Variable(mine, (ModelPart(yours, shape),), quantizable)
