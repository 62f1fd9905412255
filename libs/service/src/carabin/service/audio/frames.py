"""The frames of a recording that can be decoded, and the times of those that cannot or are not there."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from ..shortage import is_shortage

Gap: TypeAlias = tuple[float, float]
"""(start, end) in seconds of what could not be decoded."""

GAP_JOIN_S: Final = 0.2
"""Damaged packets closer than this are one gap."""
CLOCK_SLACK_S: Final = 0.04
"""Containers round the times of packets: MPEG-PS dates one packet of 24 ms in two, FLV counts milliseconds."""
SILENCE_S: Final = 0.5
"""Codecs that leave silence out send a frame every 0.4 s in it (RFC 7587, section 3.1.3)."""
SILENCE_CODECS: Final = frozenset({"opus", "libopus", "speex", "libspeex"})
RESET_S: Final = 600.0
BACK_S: Final = 5.0
"""A clock that goes forward or back by more was set anew: where recordings were joined, or by damage to a time. WMA
says of packets that they last longer than until the next."""


class FrameReader:
    """Decodes an audio stream packet by packet; a packet that cannot be decoded is skipped and remembered."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self.damaged: list[Gap] = []
        """The time of every packet that could not be decoded or is missing, garbage behind the end included."""
        self.sound_end_s = 0.0
        """Where the last packet ended that was decoded, by the container's clock."""
        self.start_s: float | None = None
        """When the first packet begins, by the container's clock; None where it is not dated."""
        self._packets = container.demux(stream)
        self._offset_s = 0.0
        self._due = False
        """Whether the last packet said when the next one is due."""
        self._slack_s = SILENCE_S if stream.codec_context.name in SILENCE_CODECS else CLOCK_SLACK_S
        self._end_s = 0.0
        self._form: tuple[int, str, str] | None = None

    def frames(self) -> Iterator[av.AudioFrame]:
        """Yield what can be decoded, in order.

        Raises:
            FFmpegError: memory is short: what follows may be sound.
        """
        while True:
            try:
                packet = next(self._packets, None)
            except av.FFmpegError as error:
                if is_shortage(error):
                    raise
                self.damaged.append((self._end_s, self._end_s))  # the container itself breaks off
                return
            if packet is None:
                return
            yield from self._decoded(packet)

    def _decoded(self, packet: "Packet[AudioStream]") -> Iterator[av.AudioFrame]:
        start_s = self._timed(packet)
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            if is_shortage(error):
                raise
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

    def _timed(self, packet: "Packet[AudioStream]") -> float:
        """Return when a packet begins, and remember what the container's clock has and the packets before it lack."""
        if packet.pts is None or packet.time_base is None:
            return self._end_s
        dated_s = float(packet.pts * packet.time_base)
        if self.start_s is None:
            self.start_s = dated_s
            # MPEG-TS, and what was cut out of a longer recording, begin at any time; an encoder's lead is before 0.
            self._offset_s = max(0.0, dated_s)
            self._end_s = dated_s - self._offset_s
        start_s = dated_s - self._offset_s
        missing_s = start_s - self._end_s
        if not -BACK_S < missing_s < RESET_S:
            self._offset_s += missing_s
            start_s = self._end_s
        elif missing_s > self._slack_s and self._due:
            self.damaged.append((self._end_s, start_s))
        self._due = bool(packet.duration)
        self._end_s = start_s + float((packet.duration or 0) * packet.time_base)
        return start_s


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
