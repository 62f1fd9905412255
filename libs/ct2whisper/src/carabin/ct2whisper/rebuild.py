"""From a CTranslate2 Whisper back to a checkpoint's tensors: `layout.py` read from right to left."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .binary import Ct2Binary
from .errors import BinaryInvalid
from .layout import CT2_CONVOLUTION, CT2_EMBEDDING, CT2_PROJECTION, PROJECTION, Variable, whisper_variables
from .quantize import Floats, to_floats

SCALE_SUFFIX: Final = "weight_scale"
"""Ends the name of the variable that holds a quantised weight's scales."""


def quantised_weight(binary: Ct2Binary) -> str | None:
    """Return the name of a weight that is stored rounded to int8 or int16, or None."""
    scales = (name for name in binary.variables if name.endswith(SCALE_SUFFIX))
    return next((name.removesuffix("_scale") for name in scales), None)


def whisper_sizes(binary: Ct2Binary) -> dict[str, Any]:
    """Return the fields of a Hugging Face config.json that say how large the model is.

    Raises:
        BinaryInvalid: a variable is not there, so that this is no Whisper.
    """
    vocabulary_size, width = _shape(binary, CT2_EMBEDDING, 2)
    return {
        "vocab_size": vocabulary_size,
        "num_mel_bins": _shape(binary, CT2_CONVOLUTION, 3)[1],
        "d_model": width,
        "encoder_layers": _count_layers(binary, "encoder"),
        "decoder_layers": _count_layers(binary, "decoder"),
        "encoder_attention_heads": _number(binary, "encoder/num_heads"),
        "decoder_attention_heads": _number(binary, "decoder/num_heads"),
        "encoder_ffn_dim": _shape(binary, "encoder/layer_0/ffn/linear_0/weight", 2)[0],
        "decoder_ffn_dim": _shape(binary, "decoder/layer_0/ffn/linear_0/weight", 2)[0],
        "max_source_positions": _shape(binary, "encoder/position_encodings/encodings", 2)[0],
        "max_target_positions": _shape(binary, "decoder/position_encodings/encodings", 2)[0],
        "tie_word_embeddings": _tied(binary),
    }


def rebuild_tensors(binary: Ct2Binary, sizes: Mapping[str, Any]) -> Iterator[tuple[str, Floats]]:
    """Yield every tensor of the checkpoint that the model was converted from: its name and its values, float32.

    Args:
        sizes: what `whisper_sizes` returned.

    Raises:
        BinaryInvalid: a variable is missing, has another shape, or holds values that no checkpoint has a place for.
    """
    for variable in whisper_variables(sizes):
        tied = sizes["tie_word_embeddings"] and variable.name == CT2_PROJECTION
        if not tied:
            yield from _split(binary, variable)
    if sizes["tie_word_embeddings"]:
        yield PROJECTION, _floats(binary, CT2_EMBEDDING)


def _split(binary: Ct2Binary, variable: Variable) -> Iterator[tuple[str, Floats]]:
    """Take the projections apart again; Whisper's key projection has no bias, so its share must be zero."""
    if _shape(binary, variable.name, len(variable.shape)) != variable.shape:
        raise _invalid(binary, f"{variable.name} has shape {binary.variables[variable.name].shape}")
    ends = np.cumsum([part.shape[0] for part in variable.parts])
    for part, values in zip(variable.parts, np.split(_floats(binary, variable.name), ends[:-1]), strict=True):
        if part.tensor is not None:
            yield part.tensor, values
        elif values.any():
            raise _invalid(binary, f"{variable.name}: its key projection has a bias, which Whisper's has not")


def _floats(binary: Ct2Binary, name: str) -> npt.NDArray[np.float32]:
    return to_floats(binary.read(name), binary.variables[name].dtype)


def _shape(binary: Ct2Binary, name: str, rank: int) -> tuple[int, ...]:
    found = binary.variables.get(name)
    if found is None or len(found.shape) != rank:
        raise _invalid(binary, f"it has no {name} of {rank} dimensions: it is no Whisper model")
    return found.shape


def _number(binary: Ct2Binary, name: str) -> int:
    _shape(binary, name, 0)
    return int(binary.read(name))


def _count_layers(binary: Ct2Binary, side: str) -> int:
    prefix = f"{side}/layer_"
    return len({name.split("/")[1] for name in binary.variables if name.startswith(prefix) and name.count("/") > 2})


def _tied(binary: Ct2Binary) -> bool:
    """Say whether the projection is the table of tokens: stored once, or twice with the same values."""
    one, other = binary.variables[CT2_EMBEDDING], binary.variables.get(CT2_PROJECTION)
    return other is None or one == other or np.array_equal(binary.read(CT2_EMBEDDING), binary.read(CT2_PROJECTION))


def _invalid(binary: Ct2Binary, reason: str) -> BinaryInvalid:
    return BinaryInvalid(binary.file, reason)
