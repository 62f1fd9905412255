"""A checkpoint's tensors, read from its safetensors files in blocks of rows: no tensor is ever whole in memory."""

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from .errors import TensorsInvalid

BLOCK_BYTES: Final = 4 * 1024 * 1024
"""Read at once: a few such blocks are all that a conversion holds, and larger ones are no faster."""

STORED: Final[Mapping[str, tuple[str, npt.DTypeLike]]] = MappingProxyType(
    {"F32": ("float32", np.float32), "F16": ("float16", np.float16), "BF16": ("bfloat16", np.uint16)}
)
"""Safetensors' types that Whisper is trained in: our name, and how NumPy holds it. It knows no bfloat16: those are
kept as their 16 bits."""

Block = npt.NDArray[Any]
"""Some rows of a tensor, the other dimensions flattened: shape (n_rows, row_size)."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file, unread."""

    name: str
    file: Path
    offset: int
    """Of its first byte in the file."""
    shape: tuple[int, ...]
    dtype: str
    """float32, float16 or bfloat16."""

    @property
    def row_size(self) -> int:
        """Values in one row, which is all that shares a first index; a vector is one row."""
        return math.prod(self.shape[1:]) if len(self.shape) > 1 else math.prod(self.shape)

    @property
    def n_rows(self) -> int:
        """The length of the first dimension; 1 for a vector."""
        return self.shape[0] if len(self.shape) > 1 else 1

    def blocks(self, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Yield its rows in order, at least one and about `block_bytes` at a time."""
        held = np.dtype(dict(STORED.values())[self.dtype])
        step = max(1, block_bytes // max(1, self.row_size * held.itemsize))
        with self.file.open("rb") as file:
            file.seek(self.offset)
            for start in range(0, self.n_rows, step):
                count = min(step, self.n_rows - start) * self.row_size
                yield np.fromfile(file, held, count).reshape(-1, self.row_size)


def read_tensors(folder: Path) -> Mapping[str, Tensor]:
    """Return every tensor of a checkpoint's safetensors files by name, shards included.

    Raises:
        TensorsInvalid: a file is missing, cut off or damaged, or holds a type that Whisper is not trained in.
    """
    found: dict[str, Tensor] = {}
    for shard in shards(folder):
        try:
            with safe_open(shard, framework="np"):
                pass  # it checks the header, and that the tensors fill the file without gap or overlap
            found.update((tensor.name, tensor) for tensor in _read_header(folder, shard))
        except (SafetensorError, OSError) as error:
            raise TensorsInvalid(folder, f"{shard.name} cannot be read: {error}") from error
    return found


def shards(folder: Path) -> Sequence[Path]:
    """Return the files that the weights lie in.

    Raises:
        TensorsInvalid: the index cannot be followed.
    """
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return [folder / "model.safetensors"]
    try:
        names = sorted({str(name) for name in json.loads(index.read_bytes())["weight_map"].values()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TensorsInvalid(folder, f"{index.name} has no weight_map") from error
    for name in names:
        if Path(name).name != name:
            raise TensorsInvalid(folder, f"{index.name} names a file outside the folder: {name}")
    return [folder / name for name in names]


def _read_header(folder: Path, shard: Path) -> Iterator[Tensor]:
    """Read what the safetensors format puts first: the header's length in 8 bytes, then JSON (its README, "Format")."""
    with shard.open("rb") as file:
        length = int(struct.unpack("<Q", file.read(8))[0])
        header = json.loads(file.read(length))
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in STORED:
            raise TensorsInvalid(
                folder, f"{shard.name}: {name} is stored as {entry['dtype']}, not as {', '.join(STORED)}"
            )
        offset = 8 + length + int(entry["data_offsets"][0])
        yield Tensor(name, shard, offset, tuple(entry["shape"]), STORED[entry["dtype"]][0])
