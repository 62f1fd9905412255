"""CTranslate2's binary format, version 6: variables in order of name, then the names that mean another's.

Source: CTranslate2 4.8, python/ctranslate2/specs/model_spec.py (`_serialize`) and include/ctranslate2/types.h.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from .errors import BinaryInvalid

SPEC: Final = "WhisperSpec"
REVISION: Final = 3
BINARY_VERSION: Final = 6

DTYPES: Final = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""CTranslate2's DataType enumeration (include/ctranslate2/types.h), in its order."""

STORED: Final[Mapping[str, np.dtype[Any]]] = {
    "float32": np.dtype("<f4"),
    "int8": np.dtype("<i1"),
    "int16": np.dtype("<i2"),
    "int32": np.dtype("<i4"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
}
"""How NumPy holds each; it knows no bfloat16, whose values are kept as their 16 bits."""


class BinaryWriter:
    """Writes one model.bin, a variable at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._count = 0
        self._pack("I", BINARY_VERSION)
        self._text(SPEC)
        self._pack("I", REVISION)
        self._count_at = file.tell()
        self._pack("I", 0)

    def begin(self, name: str, shape: Sequence[int], dtype: str) -> None:
        """Announce a variable; its bytes follow in order, by any number of `write`."""
        self._count += 1
        self._text(name)
        self._pack("B", len(shape))
        size = STORED[dtype].itemsize
        for length in shape:
            self._pack("I", length)
            size *= length
        self._pack("B", DTYPES.index(dtype))
        self._pack("I", size)

    def write(self, data: bytes | npt.NDArray[Any]) -> None:
        """Write some bytes of the variable that was announced."""
        self._file.write(data if isinstance(data, bytes) else data.reshape(-1).view(np.uint8).data)

    def end(self, aliases: Iterable[tuple[str, str]]) -> None:
        """Write the names that mean another's, each with that other; then the model is whole."""
        pairs = list(aliases)
        self._pack("I", len(pairs))
        for alias, target in pairs:
            self._text(alias)
            self._text(target)
        self._file.seek(self._count_at)
        self._pack("I", self._count)

    def _text(self, text: str) -> None:
        encoded = text.encode()
        self._pack("H", len(encoded) + 1)
        self._file.write(encoded + b"\0")

    def _pack(self, form: str, number: int) -> None:
        self._file.write(struct.pack(f"<{form}", number))


@dataclass(frozen=True, slots=True)
class StoredVariable:
    """Where one variable lies in a model.bin, and as what; its values are unread."""

    shape: tuple[int, ...]
    dtype: str
    """One of DTYPES."""
    offset: int
    """Of its first byte in the file."""


@dataclass(frozen=True, slots=True)
class Ct2Binary:
    """The contents of one model.bin."""

    file: Path
    variables: Mapping[str, StoredVariable]
    """Every name, aliases included."""
    aliases: Mapping[str, str]
    """The names that have no values of their own, each with the name that has them: CTranslate2 stores arrays of equal
    bytes, such as biases of zeros, once."""

    def read(self, name: str) -> npt.NDArray[Any]:
        """Return a variable's values in its own shape; those of a bfloat16 as their bits, uint16."""
        variable = self.variables[name]
        count = int(np.prod(variable.shape, dtype=np.int64))
        return np.fromfile(self.file, STORED[variable.dtype], count, offset=variable.offset).reshape(variable.shape)


def read_binary(file: Path) -> Ct2Binary:
    """Read names, shapes and types of a Whisper model.bin, without reading its values.

    Raises:
        BinaryInvalid: another version or model, or the file ends early.
    """
    with file.open("rb") as opened:
        reader = _Reader(file, opened)
        version = reader.unsigned("<I")
        if version != BINARY_VERSION:
            raise reader.invalid(f"binary version {version}, this release reads {BINARY_VERSION}")
        spec = reader.text()
        if spec != SPEC:
            raise reader.invalid(f"it holds a {spec}, not a {SPEC}")
        reader.unsigned("<I")  # the spec's revision: it changes no layout
        variables = dict(_variables(reader))
        aliases = {reader.text(): reader.text() for _ in range(reader.unsigned("<I"))}
        unknown = [target for target in aliases.values() if target not in variables]
        if unknown:
            raise reader.invalid(f"an alias names {unknown[0]}, which is not there")
    return Ct2Binary(file, {**variables, **{alias: variables[name] for alias, name in aliases.items()}}, aliases)


def _variables(reader: "_Reader") -> Iterator[tuple[str, StoredVariable]]:
    for _ in range(reader.unsigned("<I")):
        name = reader.text()
        shape = tuple(reader.unsigned("<I") for _ in range(reader.unsigned("<B")))
        type_id = reader.unsigned("<B")
        if type_id >= len(DTYPES):
            raise reader.invalid(f"{name} has the unknown type {type_id}")
        dtype, n_bytes = DTYPES[type_id], reader.unsigned("<I")
        if n_bytes != STORED[dtype].itemsize * int(np.prod(shape, dtype=np.int64)):
            raise reader.invalid(f"{name} of shape {shape} has {n_bytes} bytes")
        yield name, StoredVariable(shape, dtype, reader.skip(n_bytes))


class _Reader:
    """Reads the fields of one file and knows at which byte it is."""

    def __init__(self, file: Path, opened: IO[bytes]) -> None:
        self._file, self._opened = file, opened
        self._size = file.stat().st_size

    def unsigned(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def text(self) -> str:
        return self._take(self.unsigned("<H")).removesuffix(b"\0").decode("utf-8", errors="replace")

    def skip(self, count: int) -> int:
        """Pass over `count` bytes and return where they begin."""
        start = self._opened.tell()
        if start + count > self._size:
            raise self.invalid("the file ends early, it was cut off")
        self._opened.seek(count, 1)
        return start

    def invalid(self, reason: str) -> BinaryInvalid:
        return BinaryInvalid(self._file, f"{reason}, at byte {self._opened.tell()}")

    def _take(self, count: int) -> bytes:
        self.skip(count)
        self._opened.seek(-count, 1)
        return self._opened.read(count)
