"""CTranslate2's binary format, version 6: variables in order of name, then the names that mean another's."""

import struct
from collections.abc import Iterable, Sequence
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from .whisper_layout import BINARY_VERSION, REVISION, SPEC

DTYPES: Final = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""CTranslate2's DataType enumeration (include/ctranslate2/types.h), in its order."""

ITEM_BYTES: Final = {"float32": 4, "int8": 1, "int16": 2, "int32": 4, "float16": 2, "bfloat16": 2}


class ModelWriter:
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
        size = ITEM_BYTES[dtype]
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
