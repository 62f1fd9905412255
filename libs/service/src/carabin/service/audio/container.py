"""The one place where FFmpeg opens a recording of others, so that no file chooses what FFmpeg does.

FFmpeg's demuxers include playlists (concat, HLS, DASH), session descriptions (SDP) and sequences of files that open
other files and sockets. Here a file can be one of `CONTAINERS` and nothing else, it is read from an open file without
a name, no protocol is allowed, and what is read before the first sample is bounded.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from ..errors import AudioFileRefused
from ..shortage import translate_shortage
from .foreign import HEAD_BYTES, what_it_is
from .known_containers import CONTAINERS, HEADERLESS

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
def open_audio(file: ReadableFile, name: str = "") -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open a recording and give its container and its first audio stream that can be decoded.

    FFmpeg's errors in the block are translated.

    Args:
        name: of the file, whose suffix is looked at where it is one of `HEADERLESS`.

    Raises:
        AudioFileRefused: no such container, no audio stream, or FFmpeg failed in the block.
        ResourcesExhausted: memory or threads are short; the recording may be sound.
    """
    try:
        with (
            translate_shortage(name or "the recording"),
            av.open(_nameless(file, name), mode="r", options=dict(_OPTIONS), metadata_errors="ignore") as container,
        ):
            if not container.streams.audio:
                raise AudioFileRefused("the file holds no audio stream")
            stream = _decodable(container)
            if stream.rate and not MIN_RATE_HZ <= stream.rate <= MAX_RATE_HZ:
                raise AudioFileRefused(
                    f"the file says that it has {stream.rate} samples a second: "
                    f"{MIN_RATE_HZ} to {MAX_RATE_HZ} can be speech"
                )
            yield container, stream
    except (av.FFmpegError, ValueError, OSError) as error:
        raise AudioFileRefused(_reason(file)) from error


def _decodable(container: InputContainer) -> AudioStream:
    """Return the first audio stream whose codec is known: telephones add a second one of their own.

    Raises:
        AudioFileRefused: there is none.
    """
    for stream in container.streams.audio:
        if getattr(stream, "codec_context", None) is not None:
            return stream
    raise AudioFileRefused(
        f"the codec of its sound is not known here ({container.format.long_name}): convert it to WAV"
    )


def _reason(file: ReadableFile) -> str:
    """Return why FFmpeg does not open a file: what it is instead, where that can be seen."""
    with suppress(OSError, ValueError):
        if reason := _no_sound(_head(file)):
            return reason
    return "the file cannot be decoded as audio; these are read: " + "; ".join(dict.fromkeys(CONTAINERS.values()))


def _no_sound(head: bytes) -> str | None:
    """Return what a file is that begins with `head` and is no recording; None where it may be one."""
    if not head:
        return "the file is empty: it has no bytes"
    if not any(head):
        return "the file begins with zeros where a header should be: its copy failed, or it is raw sound"
    found = what_it_is(head)
    return f"the file {found}" if found else None


def _is_text(head: bytes) -> bool:
    """Return whether bytes are UTF-8 that can be read; the last character may be cut."""
    try:
        text = getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char.isspace() for char in text)


def _head(file: ReadableFile) -> bytes:
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head


class _Nameless:
    """An open file without its name, from which FFmpeg would guess what it is and where its neighbours are."""

    def __init__(self, file: ReadableFile) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


class _Headerless(_Nameless):
    """An open file with a suffix, which FFmpeg believes where the content begins with no mark of another container."""

    def __init__(self, file: ReadableFile, suffix: str) -> None:
        super().__init__(file)
        self.name = f"recording{suffix}"


def _nameless(file: ReadableFile, name: str) -> _Nameless:
    """Return the file as FFmpeg may see it.

    Raises:
        AudioFileRefused: its name says that it has no header, and its content that it is no sound.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in HEADERLESS:
        return _Nameless(file)
    head = _head(file)
    if reason := _no_sound(head) or ("the file is a text" if _is_text(head) else None):
        raise AudioFileRefused(reason)
    return _Headerless(file, suffix)
