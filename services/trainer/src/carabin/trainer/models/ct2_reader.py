"""Reads the CTranslate2 model binary, version 6 (CTranslate2 4.8, python/ctranslate2/specs/model_spec.py)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import Ct2FormatInvalid

BINARY_VERSION: Final = 6
WHISPER_SPEC: Final = "WhisperSpec"

DTYPES: Final[tuple[np.dtype[Any] | None, ...]] = (
    np.dtype("<f4"),
    np.dtype("<i1"),
    np.dtype("<i2"),
    np.dtype("<i4"),
    np.dtype("<f2"),
    None,  # bfloat16, which numpy does not know
)


@dataclass(frozen=True)
class Ct2Model:
    """The variables of one model, and the names that share another's storage."""

    variables: Mapping[str, npt.NDArray[Any]]
    aliases: Mapping[str, str]

    def resolved(self) -> Mapping[str, npt.NDArray[Any]]:
        """Return every name's array: CTranslate2 stores arrays of equal bytes, such as zero biases, once."""
        return {**self.variables, **{alias: self.variables[target] for alias, target in self.aliases.items()}}


def read_ct2(file: Path) -> Ct2Model:
    """Read every variable of a Whisper model.bin.

    Raises:
        Ct2FormatInvalid: another version or model, a type that numpy does not know, or the file ends early.
    """
    reader = _Reader(file)
    version = reader.unsigned("<I")
    if version != BINARY_VERSION:
        raise reader.invalid(f"binary version {version}, this release reads {BINARY_VERSION}")
    spec = reader.text()
    if spec != WHISPER_SPEC:
        raise reader.invalid(f"it holds a {spec}, not a {WHISPER_SPEC}")
    reader.unsigned("<I")  # the spec's revision: it changes no layout
    variables = dict(_variable(reader) for _ in range(reader.unsigned("<I")))
    aliases = {reader.text(): reader.text() for _ in range(reader.unsigned("<I"))}
    return Ct2Model(variables=variables, aliases=aliases)


def _variable(reader: "_Reader") -> tuple[str, npt.NDArray[Any]]:
    name = reader.text()
    shape = tuple(reader.unsigned("<I") for _ in range(reader.unsigned("<B")))
    type_id = reader.unsigned("<B")
    dtype = DTYPES[type_id] if type_id < len(DTYPES) else None
    if dtype is None:
        raise reader.invalid(f"{name} has the unsupported type {type_id}")
    data = reader.take(reader.unsigned("<I"))
    if len(data) != dtype.itemsize * int(np.prod(shape, dtype=np.int64)):
        raise reader.invalid(f"{name} of shape {shape} has {len(data)} bytes")
    return name, np.frombuffer(data, dtype).reshape(shape)


class _Reader:
    """Walks the bytes and knows where it is when they end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._bytes = memoryview(file.read_bytes())
        self._offset = 0

    def take(self, count: int) -> memoryview:
        if self._offset + count > len(self._bytes):
            raise self.invalid("the file ends early")
        self._offset += count
        return self._bytes[self._offset - count : self._offset]

    def unsigned(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def text(self) -> str:
        length = self.unsigned("<H")
        return bytes(self.take(length)).removesuffix(b"\0").decode("utf-8", errors="replace")

    def invalid(self, reason: str) -> Ct2FormatInvalid:
        return Ct2FormatInvalid(self._file, self._offset, reason)
