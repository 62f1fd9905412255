"""Tests of decoding what hospitals record: damaged, cut off, with a header that does not fit."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.service.errors import AudioFileRefused
from carabin.trainer.data.recording import decode_recording
from carabin.trainer.data.wav_header import read_wav_length

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("name", "duration_s", "promised_s", "gaps"),
    [
        ("aac_hole.aac", 13.95, None, [(7.04, 7.1)]),
        ("mp3_hole_ff.mp3", 13.83, 13.97, [(7.02, 7.09)]),
        ("mp3_tail_garbage.mp3", 13.97, 13.97, []),
        ("m4a_truncated.m4a", 8.9, 13.97, []),
        ("wav_truncated.wav", 9.31, 13.97, []),
        ("header_only.wav", 0.0, 13.97, []),
        ("len_0.wav", 13.97, None, []),
    ],
)
def test_what_decodes_is_decoded_and_what_is_missing_is_named(
    name: str, duration_s: float, promised_s: float | None, gaps: list[tuple[float, float]]
) -> None:
    recording = decode_recording(CASES / name)
    assert recording.duration_s == pytest.approx(duration_s, abs=0.02)
    if promised_s is not None:
        assert recording.promised_s == pytest.approx(promised_s, abs=0.02)
    assert [pytest.approx(gap, abs=0.02) for gap in gaps] == list(recording.gaps)


def test_channels_are_kept_apart(tmp_path: Path) -> None:
    tone = np.sin(np.arange(16_000) / 10).astype(np.float32) / 2
    soundfile.write(tmp_path / "two.wav", np.stack([tone, -tone], axis=1), 16_000)
    channels = decode_recording(tmp_path / "two.wav").channels
    assert channels.shape == (16_000, 2)
    np.testing.assert_allclose(channels[:, 0], -channels[:, 1], atol=1e-4)


def test_a_header_that_says_half_is_read_to_the_end(tmp_path: Path) -> None:
    tone = np.sin(np.arange(32_000) / 10).astype(np.float32) / 2
    soundfile.write(tmp_path / "half.wav", tone, 16_000)
    data = bytearray((tmp_path / "half.wav").read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = (32_000).to_bytes(4, "little")
    (tmp_path / "half.wav").write_bytes(data)
    recording = decode_recording(tmp_path / "half.wav")
    assert recording.header_corrected
    assert recording.duration_s == pytest.approx(2.0)


def test_chunks_behind_the_sound_are_no_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "noted.wav", np.zeros(16_000, np.float32), 16_000)
    data = (tmp_path / "noted.wav").read_bytes() + b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    length = read_wav_length(io.BytesIO(data))
    assert length is not None
    assert length.held_s == length.promised_s == pytest.approx(1.0)


@pytest.mark.parametrize(
    "content", [b"ffconcat version 1.0\nfile /etc/passwd\n", b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n", b"junk"]
)
def test_a_playlist_opens_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list.wav").write_bytes(content)
    with pytest.raises(AudioFileRefused):
        decode_recording(tmp_path / "list.wav")
