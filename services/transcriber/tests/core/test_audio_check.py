"""What cannot be audio in its declared format is refused with what it probably is; sound of any kind passes."""

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.audio_check import AudioCheck
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.core.errors import ImpossibleAudio
from py_nanotts import NanoTTS

from ..helpers.real_models import SENTENCE, say

RNG = np.random.default_rng(7)
NOISE = RNG.normal(0, 0.3, 2 * SAMPLE_RATE_HZ).astype(np.float32)


def voice() -> Samples:
    return say(SENTENCE)


def check(samples: Samples, packet: int = 1600) -> None:
    one = AudioCheck()
    for i in range(0, len(samples), packet):
        one.check(samples[i : i + packet])


def as_uint8(samples: Samples) -> bytes:
    return (np.round(samples * 127) + 128).clip(0, 255).astype("u1").tobytes()


def as_int16(samples: Samples) -> bytes:
    return (samples * 32767).clip(-32768, 32767).astype("<i2").tobytes()


def read_uint8(data: bytes) -> Samples:
    return (np.frombuffer(data, "u1").astype(np.float32) - 128) / np.float32(128)


def read_int16(data: bytes) -> Samples:
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


def reread(samples: Samples, written: str, read: str) -> Samples:
    """Return what a server makes of samples that are written in one format and declared as another."""
    scale = 32768.0 if written.endswith("i2") else 1.0
    values = np.frombuffer((samples * scale).clip(-32768, 32767).astype(written).tobytes()[: len(samples) * 2], read)
    return values.astype(np.float32) / np.float32(32768.0) if read.endswith("i2") else values


@pytest.mark.parametrize(
    ("samples", "probably"),
    [
        (lambda: reread(voice(), "<i2", "<f4"), "16-bit integers declared as 32-bit floats"),
        (lambda: reread(voice() * 0.01, "<i2", "<f4"), "16-bit integers declared as 32-bit floats"),
        (lambda: voice() * 32768, "not divided by 32768"),
        (lambda: reread(voice(), "<f4", "<i2"), "32-bit floats"),
        (lambda: reread(voice(), ">i2", "<i2"), "swapped bytes"),
        (lambda: (np.round(voice() * 32767) / 32768).astype(">f4").view("<f4"), "floats with swapped bytes"),
        (lambda: np.frombuffer(RNG.bytes(64_000), "<i2").astype(np.float32) / np.float32(32768), "compressed"),
        (lambda: np.frombuffer(bytes([128]) * 64_000, "<i2").astype(np.float32) / np.float32(32768), "unsigned"),
        (lambda: np.array([0.1, np.nan], np.float32), "16-bit integers"),
        (lambda: np.array([0.1, -np.inf], np.float32), "16-bit integers"),
    ],
)
@pytest.mark.parametrize("packet", [160, 1600, 100_000])
def test_another_format_is_refused_with_what_it_probably_is(samples: object, probably: str, packet: int) -> None:
    with pytest.raises(ImpossibleAudio, match=probably):
        check(samples(), packet)  # type: ignore[operator]


@pytest.mark.parametrize("peak", [1.0, 0.5, 0.1, 0.02, 0.003])
@pytest.mark.parametrize(
    ("written", "read", "probably"),
    [
        (as_int16, read_uint8, "16-bit integers declared as 8-bit ones"),
        (as_uint8, read_int16, "8-bit samples declared as 16-bit ones"),
    ],
)
def test_integers_of_another_width_are_refused_however_loud_the_voice_is(written, read, probably, peak) -> None:
    samples = voice() * (peak / np.abs(voice()).max())
    with pytest.raises(ImpossibleAudio, match=probably):
        check(read(written(samples)))


@pytest.mark.parametrize(("written", "read"), [(as_int16, read_int16), (as_uint8, read_uint8)])
@pytest.mark.parametrize("gain", [0.003, 0.1, 1.0, 3.0, 30.0])
def test_integers_in_their_own_width_pass_however_loud_or_clipped(written, read, gain) -> None:
    check(read(written(np.clip(voice() * gain, -1, 1))))


REPORTS = (
    "Pas de fracture visible, le foie est de taille normale et la rate mesure douze centimètres.",
    "Fibrillation auriculaire rapide, ralentie par bisoprolol, anticoagulation par apixaban.",
    "Le patient signale une douleur thoracique irradiant vers le bras gauche depuis ce matin.",
    "Bonne tolérance du traitement, tension artérielle à treize sur huit, pas d'œdème des membres inférieurs.",
)


@pytest.fixture(scope="module")
def voices() -> list[Samples]:
    """Return reports in voices of four pitches: some half second of them has bytes that look like another format's."""
    spoken = [NanoTTS().speak(text, voice="fr-FR", pitch=pitch) for text in REPORTS for pitch in (0.7, 0.9, 1.1, 1.3)]
    return [np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768) for data in spoken]


@pytest.mark.parametrize("gain", [0.003, 0.05, 0.3, 1.0, 2.0, 5.0, 20.0])
def test_many_sentences_pass_however_loud_or_clipped(voices: list[Samples], gain: float) -> None:
    for voice in voices:
        louder = np.clip(voice / np.abs(voice).max() * gain, -1, 1)
        check((np.round(louder * 32767) / 32768).astype(np.float32))


def test_what_was_8_bit_once_and_scaled_since_passes(voices: list[Samples]) -> None:
    for voice in voices:
        once = np.round(voice / np.abs(voice).max() * 127) / 128
        check((np.round(once * 32767) / 32768).astype(np.float32))


@pytest.mark.parametrize("hertz", [440, 1000, 2000])
def test_a_tone_at_full_scale_passes_wherever_its_samples_fall(hertz: int) -> None:
    t = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    check(np.sin(2 * np.pi * hertz * t + np.pi / 4).astype(np.float32))
    check(np.sin(2 * np.pi * hertz * t).astype(np.float32))


def test_digital_silence_of_a_signed_format_read_as_uint8_is_named() -> None:
    with pytest.raises(ImpossibleAudio, match="signed samples declared as unsigned"):
        check(read_uint8(bytes(16_000)))


@pytest.mark.parametrize(
    "sound",
    [
        lambda: voice(),
        lambda: voice() * 1.6,
        lambda: np.clip(voice() * 20, -1, 1),
        lambda: np.zeros(SAMPLE_RATE_HZ, np.float32),
        lambda: np.full(SAMPLE_RATE_HZ, 0.5, np.float32),
        lambda: NOISE,
        lambda: np.sign(np.sin(np.arange(SAMPLE_RATE_HZ) / 20)).astype(np.float32),
        lambda: np.zeros(0, np.float32),
    ],
)
def test_sound_passes_however_loud_or_bad(sound: object) -> None:
    check(sound())  # type: ignore[operator]
