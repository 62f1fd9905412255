"""Recordings of others, decoded: the one place where FFmpeg reads a file, so that no file chooses what FFmpeg does.

FFmpeg's demuxers include playlists (concat, HLS, DASH) and session descriptions (SDP) that open other files and
sockets. Here a file can be one of `CONTAINERS` and nothing else, it is read from an open file without a name, no
protocol is allowed, and what is read before the first sample and how long the audio may last are bounded.

Needs the packages av and numpy: `carabin-service[audio]`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import BinaryIO, Final, TypeAlias

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from .errors import AudioFileRefused

Gap: TypeAlias = tuple[float, float]
"""(start, end) in seconds of what could not be decoded."""
Samples: TypeAlias = NDArray[np.float32]
"""(n,) float32, mono, in [-1, 1]."""

GAP_JOIN_S: Final = 0.2
"""Damaged packets closer than this are one gap."""
RATE_HZ: Final = 16_000
"""Whisper's rate (Radford et al. 2022, section 2.2)."""
MAX_HOURS: Final = 12.0
"""A header of some bytes can promise days of silence; no dictation and no meeting lasts half a day."""
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


def decode(
    file: BinaryIO, rate_hz: int = RATE_HZ, max_hours: float = MAX_HOURS, gaps: list[Gap] | None = None
) -> Iterator[Samples]:
    """Yield a recording in blocks of (n,) samples, in order, its channels mixed to one.

    What cannot be decoded is left out, and what follows it is there.

    Args:
        file: opened for reading, seekable; its name, if it has one, is not looked at.
        rate_hz: of the samples that are returned, whatever the file's own.
        gaps: gets what was left out, behind the last block, in order.

    Raises:
        AudioFileRefused: no such container, no audio stream, too long, or nothing of it can be decoded.
    """
    resampler = AudioResampler(format="flt", layout="mono", rate=rate_hz)
    most = left = int(max_hours * 3600 * rate_hz)
    damaged: list[Gap] = []
    with open_audio(file) as (container, stream):
        for frame in decodable_frames(container, stream, damaged):
            # A recorder's gap in time stamps must not stop the resampler.
            frame.pts = None
            for part in resampler.resample(frame):
                left -= part.samples
                if left < 0:
                    raise AudioFileRefused(f"the recording is longer than {max_hours:g} hours")
                yield _samples(part)
        for part in resampler.resample(None):
            left -= part.samples
            yield _samples(part)
        if damaged and left == most:
            raise AudioFileRefused("nothing of the recording can be decoded")
        if gaps is not None:
            promised_s = container.duration / av.time_base if container.duration else 0.0
            gaps += _gaps(damaged, (most - left) / rate_hz, promised_s)


def decodable_frames(container: InputContainer, stream: AudioStream, gaps: list[Gap]) -> Iterator[av.AudioFrame]:
    """Yield what can be decoded of a stream, and append to `gaps` the time of every packet that cannot."""
    end_s, form = 0.0, None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            gaps.append((end_s, end_s))  # the container itself breaks off
            return
        if packet is None:
            return
        start_s = end_s
        if packet.pts is not None and packet.time_base is not None:
            start_s = float(packet.pts * packet.time_base)
            end_s = start_s + float((packet.duration or 0) * packet.time_base)
        try:
            frames = packet.decode()
        except av.FFmpegError:
            gaps.append((start_s, end_s))
            continue
        for frame in frames:
            form = form or _form(frame)
            if _form(frame) == form:
                yield frame
            else:
                gaps.append((start_s, end_s))  # bytes that look like a frame of another recording


def _form(frame: av.AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def joined_gaps(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """Yield gaps in order, those nearly side by side as one."""
    current: Gap | None = None
    for start_s, end_s in sorted(gaps):
        if current is not None and start_s - current[1] <= GAP_JOIN_S:
            current = (current[0], max(current[1], end_s))
            continue
        if current is not None:
            yield current
        current = (start_s, end_s)
    if current is not None:
        yield current


def _gaps(damaged: list[Gap], decoded_s: float, promised_s: float) -> Iterator[Gap]:
    """Yield the gaps of a recording: also what its container promised behind its end, and not garbage there."""
    for start_s, end_s in joined_gaps(damaged):
        lost_s = promised_s - start_s
        if start_s < decoded_s:
            yield start_s, end_s
        elif lost_s > GAP_JOIN_S:
            yield start_s, promised_s
            return


@contextmanager
def open_audio(file: BinaryIO) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open a recording and give its container and its first audio stream; FFmpeg's errors in the block are translated.

    Raises:
        AudioFileRefused: see `decode`.
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
        raise AudioFileRefused(
            "the file cannot be decoded as audio; these are read: " + "; ".join(CONTAINERS.values())
        ) from error


class _Nameless:
    """An open file without its name, from which FFmpeg would guess what it is and where its neighbours are."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def _samples(frame: av.AudioFrame) -> Samples:
    return np.ascontiguousarray(frame.to_ndarray().reshape(-1), dtype=np.float32)
