"""Recordings and samples that were written in another format than they are read in; sound of any kind passes."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from carabin.service.audio import RATE_HZ, Recording
from carabin.service.audio.sample_format import N_BLOCKS, RecordingFormat, wrong_format
from carabin.service.errors import AudioFileRefused

from .sounds import encoded, wav

CASES = Path(__file__).parents[4] / "services" / "trainer" / "tests" / "cases"
RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """Return 9 s of a voice, (n,) float32 at 16 kHz, up to full scale."""
    samples = np.concatenate(list(Recording(io.BytesIO((CASES / "wav_truncated.wav").read_bytes())).blocks()))
    return samples / np.abs(samples).max()


def written(data: bytes, width: int = 2, channels: int = 1, rate_hz: int = RATE_HZ) -> bytes:
    """Return a WAV whose samples are these bytes."""
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((channels, width, rate_hz, 0, "NONE", ""))
        output.writeframes(data)
    return file.getvalue()


def read(data: bytes) -> Recording:
    recording = Recording(io.BytesIO(data))
    assert sum(map(len, recording.blocks()))
    return recording


def as_16_bit(data: bytes) -> np.ndarray:
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("gain", [0.003, 0.01, 0.03, 0.1, 0.3, 1.0])
def test_a_wav_with_swapped_bytes_is_refused_at_any_rate(voice, channels, rate_hz, gain):
    data = (voice * gain * 32767).astype(">i2").repeat(channels).tobytes()
    with pytest.raises(AudioFileRefused, match=r"not in the format that its header says: .* swapped bytes"):
        read(written(data, channels=channels, rate_hz=rate_hz))
    assert read(written((voice * gain * 32767).astype("<i2").repeat(channels).tobytes(), 2, channels, rate_hz))


def test_a_wav_of_16_bit_samples_whose_header_says_8_is_refused(voice):
    with pytest.raises(AudioFileRefused, match="16-bit integers declared as 8-bit ones"):
        read(written((voice * 32767).astype("<i2").tobytes(), width=1))


def test_noise_at_full_scale_is_refused_and_before_all_of_it_is_read():
    noise = RNG.integers(-32768, 32768, N_BLOCKS * RATE_HZ).astype("<i2").tobytes()
    recording = Recording(io.BytesIO(written(noise)))
    with pytest.raises(AudioFileRefused, match="noise over the whole scale"):
        list(recording.blocks())
    assert recording.duration_s < 0.8 * N_BLOCKS


def test_a_crash_in_a_recording_is_no_other_format(voice):
    crash = RNG.uniform(-1, 1, RATE_HZ).astype(np.float32)
    assert read(wav(np.concatenate([voice[: 3 * RATE_HZ], crash, voice[3 * RATE_HZ :]])))


def test_silence_before_the_samples_decides_nothing(voice):
    data = (voice * 32767).astype(">i2").tobytes()
    with pytest.raises(AudioFileRefused, match="swapped bytes"):
        read(written(bytes(60 * RATE_HZ * 2) + data))


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.0, 20.0])
@pytest.mark.parametrize(
    "codec", ["pcm_mulaw", "pcm_alaw", "pcm_s16be", "pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_f64be"]
)
def test_a_voice_passes_in_its_own_format_however_loud_or_clipped(voice, codec, gain):
    container = "aiff" if codec.endswith("be") and codec != "pcm_f64be" else "au" if codec == "pcm_f64be" else "wav"
    assert read(encoded(np.clip(voice * gain, -1, 1).astype(np.float32), container, codec))


@pytest.mark.parametrize("scale", [32767, 32768, 30000])
@pytest.mark.parametrize("gain", [0.1, 0.5, 1.0])
def test_a_voice_that_was_8_bit_once_passes_however_it_was_scaled(voice, gain, scale):
    assert read(
        written((np.round(voice * gain * 127) / 128 * scale).clip(-32768, 32767).round().astype("<i2").tobytes())
    )


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("gain", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("container", ["mulaw", "alaw"])
def test_companded_samples_that_are_read_as_16_bit_are_found(voice, container, gain, step):
    data = encoded((voice * gain)[::step].copy(), container, f"pcm_{container}")
    block = RATE_HZ // 2
    samples = as_16_bit(data)
    faults = [wrong_format(samples[i : i + block]) for i in range(0, len(samples) - block, block)]
    assert "pairs of companded samples" in {fault.found for fault in faults if fault}
    with pytest.raises(AudioFileRefused, match="µ-law"):
        read(written(data))


def test_floats_with_swapped_bytes_are_found_and_the_end_of_a_filtered_sound_is_not(voice):
    block = np.round(voice[: RATE_HZ // 2] * 32767).astype(np.float32) / np.float32(32768)
    fault = wrong_format(block.byteswap())
    assert fault is not None
    assert fault.probable == "32-bit floats with swapped bytes"
    fading = (1e-30 * 0.99 ** np.arange(RATE_HZ // 2)).astype(np.float32)
    assert wrong_format(fading) is None
    assert wrong_format(np.zeros(RATE_HZ // 2, np.float32)) is None


@pytest.mark.parametrize(
    "sound",
    [
        np.sin(np.arange(8000) / 5.1),
        np.sign(np.sin(np.arange(8000) / 20)),
        np.clip(RNG.normal(0, 0.3, 8000), -1, 1),
        RNG.choice([0, -1], 8000) / 32768,
        np.full(8000, 0.5),
        np.clip(30 * np.sin(np.arange(8000) / 5.1) + RNG.normal(0, 3, 8000), -1, 1),
        np.round(np.sin(np.arange(8000) / 50) * 100) / 128,
    ],
    ids=["tone", "square", "noise", "last bit", "offset", "clipped", "8-bit once"],
)
def test_a_loud_sound_of_16_bit_integers_is_no_other_format(sound):
    samples = (np.round(sound * 32768).clip(-32768, 32767) / 32768).astype(np.float32)
    assert wrong_format(samples) is None


def test_a_recording_that_is_shorter_than_half_a_second_decides_nothing():
    form = RecordingFormat(RATE_HZ)
    form.push(RNG.uniform(-1, 1, 100).astype(np.float32))
    assert form.fault(ended=True) is None
