"""Tests of sound as the trainer keeps it: 16 kHz, mono, 16-bit FLAC."""

import io

import numpy as np
import pytest
import soundfile
from carabin.trainer.data.audio import RATE_HZ, decode, encode_flac, resample, sha256


def sine(rate_hz: int, duration_s: float = 0.5, tone_hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * tone_hz * np.arange(round(rate_hz * duration_s)) / rate_hz).astype(np.float32)


def wav(samples: np.ndarray, rate_hz: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="WAV", subtype="FLOAT")
    return file.getvalue()


def test_samples_at_16_khz_are_left_as_they_are() -> None:
    samples = np.stack([sine(RATE_HZ), sine(RATE_HZ)], axis=1)[:, 0]
    kept = resample(samples, RATE_HZ)
    np.testing.assert_array_equal(kept, samples)
    assert kept.flags.c_contiguous
    assert kept.dtype == np.float32


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_another_rate_becomes_16_khz_with_the_same_sound(rate_hz: int) -> None:
    samples = resample(sine(rate_hz), rate_hz)
    expected = sine(RATE_HZ)
    assert abs(len(samples) - len(expected)) <= 1
    inner = slice(500, 7_500)  # the filter rings at both ends
    np.testing.assert_allclose(samples[inner], expected[inner], atol=0.01)
    assert samples.dtype == np.float32


def test_what_is_above_8_khz_does_not_come_back_as_another_tone() -> None:
    assert np.abs(resample(sine(48_000, tone_hz=10_000), 48_000)[500:-500]).max() < 0.01


def test_flac_keeps_16_bits_and_clips_what_is_louder_than_full_scale() -> None:
    samples = np.array([0.0, 0.5, -0.25, 1.5, -1.5, 1 / 32_768], np.float32)
    flac = encode_flac(samples)
    assert flac.startswith(b"fLaC")
    info = soundfile.info(io.BytesIO(flac))
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    assert decode(flac).tolist() == [0.0, 0.5, -0.25, 32_767 / 32_768, -1.0, 1 / 32_768]


def test_several_channels_are_decoded_into_their_mean() -> None:
    samples = np.stack([sine(RATE_HZ), np.zeros(8_000, np.float32)], axis=1)
    np.testing.assert_allclose(decode(wav(samples, RATE_HZ)), sine(RATE_HZ) / 2, atol=1e-6)


def test_a_file_of_another_rate_is_decoded_at_16_khz() -> None:
    assert len(decode(wav(sine(48_000), 48_000))) == 8_000


def test_a_digest_is_sha_256_in_hex() -> None:
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
