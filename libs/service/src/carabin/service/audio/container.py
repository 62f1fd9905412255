"""The one place where FFmpeg opens a recording of others, so that no file chooses what FFmpeg does.

FFmpeg's demuxers include playlists (concat, HLS, DASH) and session descriptions (SDP) that open other files and
sockets. Here a file can be one of `CONTAINERS` and nothing else, it is read from an open file without a name, no
protocol is allowed, and what is read before the first sample is bounded.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Final, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from ..errors import AudioFileRefused
from .foreign import HEAD_BYTES, what_it_is

CONTAINERS: Final = MappingProxyType(
    {
        "wav": "WAV and RF64",
        "w64": "Wave64",
        "aiff": "AIFF",
        "au": "Sun audio",
        "caf": "Core Audio",
        "flac": "FLAC",
        "mp3": "MP3",
        "aac": "AAC (ADTS)",
        "mp4": "MP4 (M4A, MOV, 3GP)",
        "ogg": "Ogg (Opus, Vorbis, FLAC)",
        "matroska": "Matroska and WebM",
        "avi": "AVI",
        "asf": "WMA",
        "amr": "AMR",
        "dss": "DSS",
        "wv": "WavPack",
    }
)
"""FFmpeg's demuxers that are used -> what people call their files. None of them opens another file."""
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000
"""Lower rates hold no speech, and turn few bytes into many samples; no recorder has higher ones."""
MAX_STREAMS: Final = 16
"""A phone's recording has two."""
PROBE_BYTES: Final = 5_000_000
"""FFmpeg's own default, said here because it is a bound."""
ANALYSE_US: Final = 5_000_000
"""Five seconds of a stream are read to learn its format, FFmpeg's own default."""

_OPTIONS: Final = MappingProxyType(
    {
        "format_whitelist": ",".join(CONTAINERS),
        "protocol_whitelist": "none",
        "probesize": str(PROBE_BYTES),
        "analyzeduration": str(ANALYSE_US),
        "max_streams": str(MAX_STREAMS),
    }
)


class ReadableFile(Protocol):
    """What FFmpeg needs of an open file."""

    def read(self, size: int = ..., /) -> bytes: ...

    def seek(self, offset: int, whence: int = ..., /) -> int: ...

    def tell(self) -> int: ...


@contextmanager
def open_audio(file: ReadableFile) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open a recording and give its container and its first audio stream; FFmpeg's errors in the block are translated.

    Raises:
        AudioFileRefused: no such container, no audio stream, or FFmpeg failed in the block.
    """
    try:
        with av.open(_Nameless(file), mode="r", options=dict(_OPTIONS), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise AudioFileRefused("the file holds no audio stream")
            stream = container.streams.audio[0]
            if stream.rate and not MIN_RATE_HZ <= stream.rate <= MAX_RATE_HZ:
                raise AudioFileRefused(
                    f"the file says that it has {stream.rate} samples a second: "
                    f"{MIN_RATE_HZ} to {MAX_RATE_HZ} can be speech"
                )
            yield container, stream
    except (av.FFmpegError, ValueError, OSError) as error:
        raise AudioFileRefused(_reason(file)) from error


def _reason(file: ReadableFile) -> str:
    """Return why FFmpeg does not open a file: what it is instead, where that can be seen."""
    with suppress(OSError, ValueError):
        file.seek(0)
        head = file.read(HEAD_BYTES)
        if not head:
            return "the file is empty: it has no bytes"
        if not any(head):
            return "the file begins with zeros where a header should be: its copy failed, or it is raw sound"
        if found := what_it_is(head):
            return f"the file {found}"
    return "the file cannot be decoded as audio; these are read: " + "; ".join(CONTAINERS.values())


class _Nameless:
    """An open file without its name, from which FFmpeg would guess what it is and where its neighbours are."""

    def __init__(self, file: ReadableFile) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell
