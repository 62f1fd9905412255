"""What a WAV file's header promises beside what the file holds: recorders that lose power leave the two apart.

RIFF layout: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0 (1991), chapter 2;
RF64 and BW64, for more than 4 GB: EBU Tech 3306 (2009).
"""

import io
import os
import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from ..errors import AudioFileRefused

_STAND_INS: Final = (range(1), range(0x7FFF0000, 0x80000001), range(0xFFFF0000, 0x100000000))
"""Lengths that programs write which do not know the length yet: none, or the most that 31 or 32 bits hold, less a
header's size or up to a round number (arecord 0x80000000, SoX 0x7FFFF000, GStreamer 0x7FFF0000, FFmpeg 0xFFFFFFFF)."""
LARGEST: Final = 0xFFFFFFFF
"""What a RIFF header can say; FFmpeg reads such a file to its end."""
MAX_CHUNKS: Final = 256
"""As many are looked at before the sound, and behind it: editors write a few dozen. Zeros are a chunk each 8 bytes."""
_STRUCTURE = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_DS64 = struct.Struct("<QQ")


@dataclass(frozen=True, slots=True)
class WavLength:
    """Bytes of sound as the header says and as the file holds; `data_start` is where they begin."""

    promised_bytes: int | None
    """None where the header leaves it open."""
    held_bytes: int
    data_start: int

    @property
    def says_too_little(self) -> bool:
        """Whether the header promises less than there is, or nothing."""
        return self.promised_bytes is None or self.held_bytes > self.promised_bytes


def read_wav_length(file: BinaryIO) -> WavLength | None:
    """Compare header and size of an open file, which is read from its beginning; None where it is no WAV with sound.

    Raises:
        AudioFileRefused: more than `MAX_CHUNKS` chunks and no sound; a decoder would look at them all, for minutes.
    """
    file.seek(0)
    head = file.read(_STRUCTURE.size)
    if len(head) < _STRUCTURE.size:
        return None
    riff, _, kind = _STRUCTURE.unpack(head)
    if riff not in (b"RIFF", b"RF64", b"BW64") or kind != b"WAVE":
        return None
    long_size: int | None = None
    for _ in range(MAX_CHUNKS):
        if len(chunk := file.read(_CHUNK.size)) < _CHUNK.size:
            return None
        name, size = _CHUNK.unpack(chunk)
        start = file.tell()
        if name == b"ds64" and len(sizes := file.read(_DS64.size)) == _DS64.size:
            long_size = _DS64.unpack(sizes)[1]
        elif name == b"data":
            return _length(file, start, long_size if long_size and size == LARGEST else size)
        file.seek(start + size + size % 2)
    raise AudioFileRefused(f"the WAV file has no sound in its first {MAX_CHUNKS} chunks")


def _length(file: BinaryIO, start: int, size: int) -> WavLength:
    end = file.seek(0, os.SEEK_END)
    held = end - start
    if any(size in stand_ins for stand_ins in _STAND_INS):
        return WavLength(None, held, start)
    if size < held and _only_chunks(file, start + size + size % 2, end):
        held = size  # what follows are a recorder's notes
    return WavLength(size, held, start)


def _only_chunks(file: BinaryIO, start: int, end: int) -> bool:
    """Return whether the bytes from `start` to `end` are further chunks, each with a printable name.

    Behind `MAX_CHUNKS` of them so is the rest: no sound looks like so many.
    """
    for _ in range(MAX_CHUNKS):
        if start + _CHUNK.size > end:
            return start <= end + 1 or start - end < _CHUNK.size
        file.seek(start)
        name, size = _CHUNK.unpack(file.read(_CHUNK.size))
        if not (name.isascii() and name.decode("ascii").isprintable()):
            return False
        start += _CHUNK.size + size + size % 2
    return True


class CorrectedWav(io.RawIOBase):
    """An open WAV file as if its header said how much sound it holds; nothing is copied."""

    def __init__(self, file: BinaryIO, length: WavLength) -> None:
        self._file = file
        held = min(length.held_bytes, LARGEST)
        self._patches = (
            (4, min(length.data_start + held - 8, LARGEST).to_bytes(4, "little")),
            (length.data_start - 4, held.to_bytes(4, "little")),
        )

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1, /) -> bytes:
        begin = self._file.tell()
        data = bytearray(self._file.read(size))
        for place, correct in self._patches:
            for step, byte in enumerate(correct):
                if 0 <= place + step - begin < len(data):
                    data[place + step - begin] = byte
        return bytes(data)
