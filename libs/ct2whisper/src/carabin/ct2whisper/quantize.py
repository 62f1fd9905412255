"""Weights in every form that CTranslate2 stores, in NumPy and block by block.

The arithmetic is that of CTranslate2's converter (ctranslate2/specs/model_spec.py, `_quantize`), operation by
operation: the files are the converter's own, byte for byte.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .tensors import Block

FORMS: Final = ("float16", "float32", "bfloat16", "int8", "int8_float16", "int8_bfloat16", "int16")
"""What a model may be stored in; int8_float32 is what int8 gives of a float32 checkpoint."""
INT8_FORMS: Final = ("int8", "int8_float32", "int8_float16", "int8_bfloat16")
INT8_MAX: Final = np.float32(127)
INT16_MAX: Final = 2**10
"""Ten bits, so that a product has twenty and twelve are left to accumulate in."""

EXPONENTS: Final[Mapping[str, np.uint16 | np.uint32]] = MappingProxyType(
    {"float32": np.uint32(0x7F800000), "float16": np.uint16(0x7C00), "bfloat16": np.uint16(0x7F80)}
)

Floats = npt.NDArray[np.float32]


class Overflow(ArithmeticError):
    """A value is too large for the type that it is to be stored in."""


def stored_type(form: str, trained: str, *, quantizable: bool) -> str:
    """Return the type that a variable of a model in `form` is stored in.

    Args:
        trained: the type of the checkpoint.
        quantizable: whether it is a weight of a layer or of the embedding, rather than a bias, a norm or a position.
    """
    if quantizable:
        return "int8" if form in INT8_FORMS else form
    if form == "int8":
        return trained  # the converter leaves them as they are: of a float16 checkpoint this is int8_float16
    if form == "int16":
        return "float32"
    return form.removeprefix("int8_")


def to_floats(block: Block, dtype: str) -> Floats:
    """Return a block of any type as float32, which holds them all; bfloat16 comes as its bits."""
    if dtype == "bfloat16":
        return (block.astype(np.uint32) << 16).view(np.float32)
    return block.astype(np.float32, copy=False)


def cast(block: Block, dtype: str, target: str) -> Block:
    """Return a block in another floating type, rounded to the nearest, ties to even.

    Raises:
        Overflow: a value is beyond the target.
    """
    if dtype == target:
        return block
    floats = to_floats(block, dtype)
    if target == "float32":
        return floats
    if target == "bfloat16":
        bits = floats.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    try:
        with np.errstate(over="raise"):
            return floats.astype(np.float16)
    except FloatingPointError as error:
        raise Overflow("it holds values beyond float16's 65504") from error


def greatest(blocks: Iterable[Floats]) -> np.float32:
    """Return the greatest magnitude."""
    return np.float32(max(np.amax(np.absolute(block)) for block in blocks))


def int16_scale(amax: np.float32) -> np.float32:
    """Return the one scale of a whole int16 variable; a variable of zeros has none that is a number."""
    with np.errstate(divide="ignore"):
        return np.float32(INT16_MAX / amax)


def to_int16(floats: Floats, scale: np.float32) -> npt.NDArray[np.int16]:
    """Return a block of an int16 variable."""
    limits = np.iinfo(np.int16)
    scaled: Floats = np.rint(floats * scale)
    np.clip(scaled, limits.min, limits.max, out=scaled)
    return scaled.astype(np.int16)


def to_int8(floats: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return a block of an int8 variable, and the scale of each of its rows."""
    amax = np.amax(np.absolute(floats), axis=1)
    amax[amax == 0] = INT8_MAX
    # A row of tiny values must not get an infinite scale.
    amax = np.maximum(amax, INT8_MAX / np.finfo(np.float32).max)
    scale: Any = INT8_MAX / amax
    scaled = floats * np.expand_dims(scale, 1)
    return np.rint(scaled, out=scaled).astype(np.int8), scale


def all_finite(block: Block, dtype: str) -> bool:
    """Say whether all values are numbers: exactly NaN and infinity have all bits of the exponent set, in every type."""
    exponent = EXPONENTS[dtype]
    return not bool(np.any((block.view(exponent.dtype) & exponent) == exponent))
