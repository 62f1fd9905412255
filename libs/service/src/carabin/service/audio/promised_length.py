"""Whether a container's header says how long its sound is; elsewhere FFmpeg guesses from the bit rate.

MP3 says so in the frame of Xing's encoder, which every encoder of files writes and no recorder of streams (Xing Inc.,
VBR header SDK, 1999); ID3v2 tags (id3.org, version 2.4.0, section 3.1) stand before it.
"""

from typing import BinaryIO, Final

GUESSED: Final = frozenset(
    {
        "aac", "loas", "ac3", "eac3", "dts", "amr", "gsm", "g722", "g723_1", "g729", "dss", "mpegts", "mpeg", "gxf",
        "nistsphere", "voc",
    }
)  # fmt: skip
"""FFmpeg's demuxers of streams without a length: the duration that they give is the size over a bit rate."""
_ID3_BYTES: Final = 10
_FIRST_FRAME_BYTES: Final = 256
"""Xing's mark stands at most 36 bytes behind the header of the first frame; some files begin with padding."""
_FRAMES_FLAG: Final = 1


def promises_length(demuxer: str, file: BinaryIO) -> bool:
    """Return whether the duration that FFmpeg's `demuxer` gives is the header's own; `file` is read from its start."""
    if demuxer == "mp3":
        return _has_xing_frames(file)
    return demuxer not in GUESSED


def _has_xing_frames(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(_ID3_BYTES)
    start = 0
    if head[:3] == b"ID3" and len(head) == _ID3_BYTES:
        # Seven bits of each byte count.
        start = _ID3_BYTES + sum((byte & 0x7F) << 7 * (3 - place) for place, byte in enumerate(head[6:]))
    file.seek(start)
    frame = file.read(_FIRST_FRAME_BYTES)
    for mark in (b"Xing", b"Info"):
        place = frame.find(mark)
        if place >= 0 and len(frame) >= place + 8:
            return bool(frame[place + 7] & _FRAMES_FLAG)
    return False
