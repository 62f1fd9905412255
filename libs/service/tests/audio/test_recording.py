"""Tests of decoding what hospitals record: damaged, cut off, with a wrong header, in stereo that cancels."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from carabin.service.audio import RATE_HZ, Recording
from carabin.service.errors import AudioFileRefused, AudioHoldsNothing

from .sounds import tone, wav

CASES = Path(__file__).parents[4] / "services" / "trainer" / "tests" / "cases"


def decoded(data: bytes) -> tuple[Recording, np.ndarray]:
    recording = Recording(io.BytesIO(data))
    return recording, np.concatenate(list(recording.blocks()))


@pytest.mark.parametrize(
    ("name", "duration_s", "promised_s", "gaps"),
    [
        ("aac_hole.aac", 13.95, None, [(7.04, 7.1)]),
        ("mp3_hole_ff.mp3", 13.83, 13.97, [(7.02, 7.09)]),
        ("mp3_tail_garbage.mp3", 13.97, 13.97, []),
        ("m4a_truncated.m4a", 8.9, 13.97, []),
        ("wav_truncated.wav", 9.31, 13.97, []),
        ("len_0.wav", 13.97, None, []),
        ("antiphase.wav", 4.03, 4.03, []),
    ],
)
def test_what_decodes_is_decoded_and_what_is_missing_is_named(name, duration_s, promised_s, gaps):
    recording, samples = decoded((CASES / name).read_bytes())
    assert len(samples) / RATE_HZ == pytest.approx(duration_s, abs=0.02) == recording.duration_s
    assert recording.promised_s == (promised_s and pytest.approx(promised_s, abs=0.02))
    assert [pytest.approx(gap, abs=0.02) for gap in gaps] == list(recording.gaps)


def test_a_header_without_sound_is_said_to_hold_nothing():
    with pytest.raises(AudioHoldsNothing, match="empty"):
        decoded((CASES / "header_only.wav").read_bytes())


def test_a_header_that_says_half_is_read_to_the_end():
    data = bytearray(wav(tone(2.0)))
    place = data.index(b"data") + 4
    data[place : place + 4] = (32_000).to_bytes(4, "little")
    recording, samples = decoded(bytes(data))
    assert recording.header_corrected
    assert len(samples) == 2 * RATE_HZ


def test_nothing_is_read_before_the_first_block_is_asked_for():
    """Whoever serves others makes it on their thread, and reads it on another."""
    file = io.BytesIO(wav(tone(1.0)))
    file.seek(5)
    recording = Recording(file)
    blocks = recording.blocks()
    assert file.tell() == 5
    assert sum(map(len, blocks)) == RATE_HZ


def test_a_wrong_rate_of_bytes_in_the_header_is_no_cut_off_end():
    data = bytearray(wav(tone(2.0)))
    data[28:32] = struct.pack("<I", 8_000)  # of 32,000
    recording, _ = decoded(bytes(data))
    assert recording.promised_s == pytest.approx(2.0)


def test_a_quiet_beginning_of_a_stream_does_not_promise_a_longer_one():
    """FFmpeg divides the size of an ADTS stream by the bit rate of its first frames."""
    from .sounds import encoded

    samples = np.concatenate([0.0001 * tone(8.0), np.random.default_rng(0).uniform(-0.5, 0.5, 8 * RATE_HZ)])
    recording, decoded_samples = decoded(encoded(samples.astype(np.float32), "adts", "aac"))
    assert len(decoded_samples) / RATE_HZ == pytest.approx(16.0, abs=0.2)
    assert recording.promised_s is None


def many_channels(n_channels: int, n_samples: int = 3200) -> bytes:
    """A WAV file of which channel k holds nothing but k + 1 steps of 1/1024."""
    samples = np.tile(np.arange(1, n_channels + 1, dtype="<i2") * 32, (n_samples, 1))
    head = struct.pack(
        "<IHHIIHH", 16, 1, n_channels, RATE_HZ, RATE_HZ * n_channels * 2 & 0xFFFFFFFF, n_channels * 2 & 0xFFFF, 16
    )
    data = samples.tobytes()
    return (
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + head + b"data" + struct.pack("<I", len(data)) + data
    )


@pytest.mark.parametrize("n_channels", [1, 2, 6, 7, 8, 9, 16, 32, 64])
def test_many_channels_are_mixed_and_do_not_end_the_process(n_channels: int):
    recording, samples = decoded(many_channels(n_channels))
    assert recording.n_channels == n_channels
    assert len(samples) == 3200
    assert samples == pytest.approx((n_channels + 1) / 2 / 1024, abs=1e-6)


@pytest.mark.parametrize("n_channels", [128, 1000, 65535])
def test_more_channels_than_can_be_mixed_are_refused(n_channels: int):
    with pytest.raises((AudioFileRefused, AudioHoldsNothing)):
        decoded(many_channels(n_channels, 10))


def test_channels_that_cancel_are_mixed_to_something_audible():
    recording, samples = decoded((CASES / "antiphase.wav").read_bytes())
    assert np.abs(samples).max() > 0.05
    assert recording.mixdown.cancelled_s == pytest.approx(recording.duration_s)


def test_sound_comes_in_blocks_and_is_never_held_whole():
    blocks = list(Recording(io.BytesIO(wav(tone(30.0)))).blocks())
    assert max(len(block) for block in blocks) < 2 * RATE_HZ


@pytest.mark.parametrize(
    "content", [b"ffconcat version 1.0\nfile /etc/passwd\n", b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n", b"junk"]
)
def test_a_playlist_opens_nothing(content):
    with pytest.raises(AudioFileRefused):
        decoded(content)
