"""Which of a Whisper checkpoint's tensors make up which of CTranslate2's variables, by name and shape alone.

Converting reads the mapping from left to right, rebuilding a checkpoint (`rebuild.py`) from right to left.

CTranslate2 joins what it multiplies at once: the three projections of a self-attention, and keys and values of a
cross-attention (ctranslate2/converters/transformers.py, `WhisperLoader`; specs/whisper_spec.py).
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

GELU: Final = 3
"""In CTranslate2's enumeration of activations."""

EMBEDDING: Final = "model.decoder.embed_tokens.weight"
"""The checkpoint's name for the table of tokens: one row each."""
PROJECTION: Final = "proj_out.weight"
"""The checkpoint's name for what turns the decoder's last state into tokens; tied to EMBEDDING in every public one."""

CT2_EMBEDDING: Final = "decoder/embeddings/weight"
CT2_PROJECTION: Final = "decoder/projection/weight"
CT2_CONVOLUTION: Final = "encoder/conv1/weight"
"""Its second dimension is the number of mel bins."""
CT2_NORM: Final = "decoder/layer_norm/gamma"
"""A variable that is never quantised: its type is the other half of names such as int8_float16."""

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
        """The dimensions, outermost first."""
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
    ct2, hf = "encoder", "model.encoder"
    for name, channels in (("conv1", config["num_mel_bins"]), ("conv2", width)):
        yield _one(f"{ct2}/{name}/weight", f"{hf}.{name}.weight", (width, channels, 3), quantizable=True)
        yield _one(f"{ct2}/{name}/bias", f"{hf}.{name}.bias", (width,))
    yield _positions(ct2, hf, (config["max_source_positions"], width))
    yield from _norm(f"{ct2}/layer_norm", f"{hf}.layer_norm", width)
    for number in range(config["encoder_layers"]):
        ct2_layer, hf_layer = f"{ct2}/layer_{number}", f"{hf}.layers.{number}"
        yield from _self_attention(ct2_layer, hf_layer, width)
        yield from _feed_forward(ct2_layer, hf_layer, width, hidden)


def _decoder(config: Mapping[str, Any]) -> Iterator[Variable]:
    width, hidden = config["d_model"], config["decoder_ffn_dim"]
    ct2, hf = "decoder", "model.decoder"
    table = (config["vocab_size"], width)
    tied = config.get("tie_word_embeddings", True)
    yield _one(CT2_EMBEDDING, EMBEDDING, table, quantizable=True)
    yield _one(CT2_PROJECTION, EMBEDDING if tied else PROJECTION, table, quantizable=True)
    yield _positions(ct2, hf, (config["max_target_positions"], width))
    yield from _norm(f"{ct2}/layer_norm", f"{hf}.layer_norm", width)
    for number in range(config["decoder_layers"]):
        ct2_layer, hf_layer = f"{ct2}/layer_{number}", f"{hf}.layers.{number}"
        yield from _self_attention(ct2_layer, hf_layer, width)
        yield from _cross_attention(ct2_layer, hf_layer, width)
        yield from _feed_forward(ct2_layer, hf_layer, width, hidden)


def _self_attention(ct2: str, hf: str, width: int) -> Iterator[Variable]:
    yield from _joined(f"{ct2}/self_attention/linear_0", f"{hf}.self_attn", ("q", "k", "v"), width)
    yield from _linear(f"{ct2}/self_attention/linear_1", f"{hf}.self_attn.out_proj", (width, width))
    yield from _norm(f"{ct2}/self_attention/layer_norm", f"{hf}.self_attn_layer_norm", width)


def _cross_attention(ct2: str, hf: str, width: int) -> Iterator[Variable]:
    yield from _joined(f"{ct2}/attention/linear_0", f"{hf}.encoder_attn", ("q",), width)
    yield from _joined(f"{ct2}/attention/linear_1", f"{hf}.encoder_attn", ("k", "v"), width)
    yield from _linear(f"{ct2}/attention/linear_2", f"{hf}.encoder_attn.out_proj", (width, width))
    yield from _norm(f"{ct2}/attention/layer_norm", f"{hf}.encoder_attn_layer_norm", width)


def _feed_forward(ct2: str, hf: str, width: int, hidden: int) -> Iterator[Variable]:
    yield from _linear(f"{ct2}/ffn/linear_0", f"{hf}.fc1", (hidden, width))
    yield from _linear(f"{ct2}/ffn/linear_1", f"{hf}.fc2", (width, hidden))
    yield from _norm(f"{ct2}/ffn/layer_norm", f"{hf}.final_layer_norm", width)


def _joined(ct2: str, hf: str, projections: tuple[str, ...], width: int) -> Iterator[Variable]:
    weights = tuple(ModelPart(f"{hf}.{each}_proj.weight", (width, width)) for each in projections)
    # Whisper's keys have no bias: added to every score alike, it would change nothing.
    biases = tuple(ModelPart(None if each == "k" else f"{hf}.{each}_proj.bias", (width,)) for each in projections)
    yield Variable(f"{ct2}/weight", weights, quantizable=True)
    yield Variable(f"{ct2}/bias", biases, quantizable=False)


def _linear(ct2: str, hf: str, shape: Shape) -> Iterator[Variable]:
    yield _one(f"{ct2}/weight", f"{hf}.weight", shape, quantizable=True)
    yield _one(f"{ct2}/bias", f"{hf}.bias", shape[:1])


def _norm(ct2: str, hf: str, width: int) -> Iterator[Variable]:
    yield _one(f"{ct2}/gamma", f"{hf}.weight", (width,))
    yield _one(f"{ct2}/beta", f"{hf}.bias", (width,))


def _positions(ct2: str, hf: str, shape: Shape) -> Variable:
    return _one(f"{ct2}/position_encodings/encodings", f"{hf}.embed_positions.weight", shape)


def _one(ct2: str, hf: str, shape: Shape, *, quantizable: bool = False) -> Variable:
    return Variable(ct2, (ModelPart(hf, shape),), quantizable)
