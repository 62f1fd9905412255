"""Raw samples of each format, and formats that were declared wrongly."""

import numpy as np
import pytest
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.wire.errors import TornFrame, WrongAudioFormat
from carabin.transcriber.wire.pcm import FORMATS, push_frame

RATE_HZ = 16_000


def sound(seconds: float = 1.0) -> np.ndarray:
    """A vowel-like tone with a little noise, as (n,) float32 in [-1, 1]."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    tone = sum(np.sin(2 * np.pi * 120 * harmonic * time) / harmonic for harmonic in range(1, 12))
    return (0.2 * tone + noise).astype(np.float32)


def encode(name: str, samples: np.ndarray) -> bytes:
    if name == "float32":
        return samples.astype("<f4").tobytes()
    if name == "int16":
        return np.round(samples * 32767).astype("<i2").tobytes()
    return (np.round(samples * 127) + 128).astype("u1").tobytes()


def dictation() -> FakeDictation:
    return FakeDictation(FakeTranscriber(), "d", SessionConfig())


def push_all(taking: FakeDictation, declared: str, data: bytes, frame_bytes: int = 4096) -> None:
    for start in range(0, len(data), frame_bytes):
        push_frame(taking, FORMATS[declared], data[start : start + frame_bytes])


@pytest.mark.parametrize("name", list(FORMATS))
def test_each_format_gives_the_same_samples(name):
    decoded = FORMATS[name].decode(encode(name, sound()))
    assert decoded.dtype == np.float32
    assert np.allclose(decoded, sound(), atol=0.01)


@pytest.mark.parametrize(("name", "n_bytes"), [("float32", 6), ("int16", 3)])
def test_frame_that_ends_inside_a_sample_is_refused(name, n_bytes):
    with pytest.raises(TornFrame, match=name):
        FORMATS[name].decode(b"\x00" * n_bytes)


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("frame_samples", [160, 511, 4096, 16_000])
def test_sound_in_its_declared_format_is_taken_in_frames_of_any_size(name, frame_samples):
    taking = dictation()
    sent = sound(2.0)
    for start in range(0, len(sent), frame_samples):
        push_frame(taking, FORMATS[name], encode(name, sent[start : start + frame_samples]))
    assert taking.pushed_samples == len(sent)


@pytest.mark.parametrize(("sent", "declared"), [("int16", "float32"), ("float32", "int16"), ("uint8", "float32")])
def test_sound_in_another_format_is_refused_within_a_second_and_names_the_field(sent, declared):
    taking = dictation()
    with pytest.raises(WrongAudioFormat) as refusal:
        push_all(taking, declared, encode(sent, sound(4.0)))
    assert taking.pushed_samples <= RATE_HZ
    assert f"cannot be {declared}" in str(refusal.value)
    assert "audio_format (float32, int16, uint8)" in str(refusal.value)


def test_floats_at_the_scale_of_integers_are_refused_with_what_to_do():
    with pytest.raises(WrongAudioFormat, match="divided by 32768"):
        push_frame(dictation(), FORMATS["float32"], encode("float32", sound() * 32767))
