"""What a WAV file's header promises beside what the file holds: recorders that lose power leave the two apart.

RIFF layout: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0 (1991), chapter 2.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

UNKNOWN: Final = frozenset({0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000})
"""Lengths that programs write which do not know the length yet (FFmpeg's and SoX's streaming headers among them)."""
_STRUCTURE = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")


@dataclass(frozen=True, slots=True)
class WavLength:
    """Seconds of sound as the header says and as the file holds; `data_start` and `held_bytes` are in bytes."""

    promised_s: float | None
    """None where the header leaves it open."""
    held_s: float
    data_start: int
    held_bytes: int


def read_wav_length(file: BinaryIO) -> WavLength | None:
    """Compare header and size of an open file, which is read from its beginning; None where it is no WAV with sound."""
    file.seek(0)
    head = file.read(_STRUCTURE.size)
    if len(head) < _STRUCTURE.size:
        return None
    riff, _, kind = _STRUCTURE.unpack(head)
    if riff != b"RIFF" or kind != b"WAVE":
        return None
    bytes_per_s = 0
    while len(chunk := file.read(_CHUNK.size)) == _CHUNK.size:
        name, size = _CHUNK.unpack(chunk)
        start = file.tell()
        if name == b"fmt ":
            layout = file.read(min(size, 16))
            bytes_per_s = int.from_bytes(layout[8:12], "little") if len(layout) == 16 else 0
        elif name == b"data":
            return _length(file, start, size, bytes_per_s)
        file.seek(start + size + size % 2)
    return None


def with_true_length(file: BinaryIO, length: WavLength) -> bytes:
    """Return the file with the length of its sound corrected to what it holds."""
    file.seek(0)
    data = bytearray(file.read(length.data_start + length.held_bytes))
    data[length.data_start - 4 : length.data_start] = length.held_bytes.to_bytes(4, "little")
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    return bytes(data)


def _length(file: BinaryIO, start: int, size: int, bytes_per_s: int) -> WavLength | None:
    end = file.seek(0, 2)
    held = end - start
    if not bytes_per_s:
        return None
    if size not in UNKNOWN and size < held and _only_chunks(file, start + size + size % 2, end):
        held = size  # what follows are a recorder's notes
    promised = None if size in UNKNOWN else size / bytes_per_s
    return WavLength(promised, held / bytes_per_s, start, held)


def _only_chunks(file: BinaryIO, start: int, end: int) -> bool:
    """Return whether the bytes from `start` to `end` are further chunks, each with a printable name."""
    while start + _CHUNK.size <= end:
        file.seek(start)
        name, size = _CHUNK.unpack(file.read(_CHUNK.size))
        if not (name.isascii() and name.decode("ascii").isprintable()):
            return False
        start += _CHUNK.size + size + size % 2
    return start <= end + 1 or start - end < _CHUNK.size
