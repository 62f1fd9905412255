"""What of a recording is damaged or missing, by the clock of its container."""

import errno
import io
from collections.abc import Iterator

import av
import numpy as np
import pytest
from carabin.service.audio import Recording
from carabin.service.audio.frames import FrameReader, joined_gaps

from .sounds import encoded, tone


@pytest.mark.parametrize(
    ("gaps", "joined"),
    [
        ([], []),
        ([(1.0, 1.1), (1.2, 1.3)], [(1.0, 1.3)]),
        ([(2.0, 2.5), (1.0, 1.1)], [(1.0, 1.1), (2.0, 2.5)]),
        ([(1.0, 3.0), (1.5, 1.6), (3.1, 3.2)], [(1.0, 3.2)]),
    ],
)
def test_gaps_in_order_and_joined(gaps, joined):
    assert list(joined_gaps(gaps)) == joined


def read(content: bytes) -> Recording:
    recording = Recording(io.BytesIO(content))
    list(recording.blocks())
    return recording


def without_packets(content: bytes, container: str, codec: str, missing: range, shift_s: float = 0.0) -> bytes:
    """Return a recording of which some packets never arrived, their times left open, beginning at `shift_s`."""
    file = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(file, "w", format=container) as output:
        stream = output.add_stream_from_template(source.streams.audio[0])
        assert stream.codec_context.name == codec
        for place, packet in enumerate(source.demux(audio=0)):
            if packet.dts is not None and place not in missing:
                packet.pts += round(shift_s / packet.time_base)
                packet.dts += round(shift_s / packet.time_base)
                packet.stream = stream
                output.mux(packet)
    return file.getvalue()


CLOCKS = [
    ("mpegts", "aac", 0.0), ("mpegts", "aac", 100.0), ("matroska", "aac", 0.0), ("matroska", "aac", 100.0),
    ("flv", "aac", 0.0), ("matroska", "opus", 100.0), ("ogg", "opus", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("container", "codec", "shift_s"), CLOCKS)
def test_packets_that_never_arrived_are_a_gap(container, codec, shift_s):
    """A transfer that loses whole packets leaves nothing undecodable behind: the clock alone shows it."""
    whole = encoded(tone(6.0), "ipod" if codec == "aac" else "ogg", "aac" if codec == "aac" else "libopus")
    lost = range(40, 70) if codec == "aac" else range(50, 100)
    recording = read(without_packets(whole, container, codec, lost, shift_s))
    packet_s = 1024 / 16_000 if codec == "aac" else 0.02
    [(start_s, end_s)] = recording.gaps
    assert start_s == pytest.approx(40 * 0.064 if codec == "aac" else 1.0, abs=0.1)
    assert end_s - start_s == pytest.approx(len(lost) * packet_s, abs=0.1)
    assert recording.sound_end_s == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize(("container", "codec", "shift_s"), CLOCKS)
def test_whole_recording_has_no_gap_wherever_its_clock_begins(container, codec, shift_s):
    whole = encoded(tone(6.0), "ipod" if codec == "aac" else "ogg", "aac" if codec == "aac" else "libopus")
    recording = read(without_packets(whole, container, codec, range(0), shift_s))
    assert recording.gaps == ()
    assert recording.duration_s == pytest.approx(6.0, abs=0.2)


def test_recordings_that_were_joined_have_no_gap_where_the_clock_begins_again():
    part = encoded(tone(8.0), "mpegts", "mp2")
    recording = read(part + part)
    assert recording.gaps == ()
    assert recording.duration_s == pytest.approx(16.0, abs=0.2)


@pytest.mark.parametrize("codec", ["libopus", "aac"])
def test_silence_and_speech_leave_no_gap_in_a_sound_recording(codec):
    bursts = np.concatenate([np.concatenate([tone(0.7), np.zeros(8_000, np.float32)]) for _ in range(8)])
    assert read(encoded(bursts, "matroska", codec)).gaps == ()


class ShortOfMemory:
    """A packet, and a container whose packets are it: FFmpeg gets no memory to decode it, or to find the next one."""

    pts, time_base, duration = 0, 1, 1

    def __init__(self, *, finding: bool) -> None:
        self._finding = finding

    def demux(self, _stream: object) -> "Iterator[ShortOfMemory]":
        if self._finding:
            av.error.err_check(-errno.ENOMEM)
        yield self

    def decode(self) -> None:
        av.error.err_check(-errno.ENOMEM)


@pytest.mark.parametrize("finding", [True, False], ids=["next packet", "decoding"])
def test_a_packet_that_memory_is_short_for_is_not_taken_for_damaged(finding):
    with av.open(io.BytesIO(encoded(tone(0.2), "wav", "pcm_s16le"))) as container:
        reader = FrameReader(ShortOfMemory(finding=finding), container.streams.audio[0])
        with pytest.raises(MemoryError):
            list(reader.frames())
    assert reader.damaged == []
