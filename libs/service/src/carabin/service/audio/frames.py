"""The frames of a recording that can be decoded, and the times of those that cannot."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

Gap: TypeAlias = tuple[float, float]
"""(start, end) in seconds of what could not be decoded."""

GAP_JOIN_S: Final = 0.2
"""Damaged packets closer than this are one gap."""


class FrameReader:
    """Decodes an audio stream packet by packet; a packet that cannot be decoded is skipped and remembered."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self.damaged: list[Gap] = []
        """The time of every packet that could not be decoded, garbage behind the end included."""
        self.sound_end_s = 0.0
        """Where the last packet ended that was decoded, by the container's clock."""
        self._packets = container.demux(stream)
        self._end_s = 0.0
        self._form: tuple[int, str, str] | None = None

    def frames(self) -> Iterator[av.AudioFrame]:
        """Yield what can be decoded, in order."""
        while True:
            try:
                packet = next(self._packets, None)
            except av.FFmpegError:
                self.damaged.append((self._end_s, self._end_s))  # the container itself breaks off
                return
            if packet is None:
                return
            yield from self._decoded(packet)

    def _decoded(self, packet: "Packet[AudioStream]") -> Iterator[av.AudioFrame]:
        start_s = self._end_s
        if packet.pts is not None and packet.time_base is not None:
            start_s = float(packet.pts * packet.time_base)
            self._end_s = start_s + float((packet.duration or 0) * packet.time_base)
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self.damaged.append((start_s, self._end_s))
            return
        for frame in frames:
            form = (frame.sample_rate, frame.layout.name, frame.format.name)
            self._form = self._form or form
            if form == self._form:
                self.sound_end_s = self._end_s
                yield frame
            else:
                self.damaged.append((start_s, self._end_s))  # bytes that look like a frame of another recording


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
