"""Tests of what is certainly no speech."""

import numpy as np
import pytest
from carabin.service.audio.speech import STRETCH_S, SpeechJudge, no_speech
from py_nanotts import NanoTTS

RATE_HZ = 16_000
TIME_S = np.arange(48_000) / 16_000
DRAW = np.random.default_rng(0)
HISS = 1e-4 * DRAW.standard_normal(len(TIME_S))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(48_000), "holds only silence"),
        (np.full(48_000, 0.3), "offset"),
        (0.3 + HISS, "offset"),
        (0.05 * np.sin(2 * np.pi * 50 * TIME_S), "hum|below 60 Hz"),
        (0.05 * np.sin(2 * np.pi * 100 * TIME_S) + 0.02 * np.sin(2 * np.pi * 300 * TIME_S) + HISS, "hum"),
        (np.where(np.abs(TIME_S - 1) < 0.002, 0.8, 0.0) + HISS, "click"),
    ],
    ids=["silence", "offset", "offset-and-hiss", "mains", "hum-and-hiss", "click"],
)
def test_what_is_certainly_no_speech_is_named(samples: np.ndarray, reason: str) -> None:
    found = no_speech(samples.astype(np.float32))
    assert found is not None
    assert any(part in found for part in reason.split("|")), found


@pytest.mark.parametrize("text", ["Oui.", "Non.", "Aaaah.", "Le patient présente une douleur thoracique."])
@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_the_shortest_words_and_speech_on_an_offset_are_speech(text: str, offset: float) -> None:
    spoken = np.frombuffer(NanoTTS().speak(text, voice="fr-FR", speed=0.9, pitch=0.85), np.int16) / 32768
    assert no_speech((spoken + offset).astype(np.float32)) is None


@pytest.mark.parametrize("block_s", [0.02, 7.0, 200.0])
def test_a_recording_that_comes_in_blocks_is_judged_as_one(block_s: float) -> None:
    hum = np.tile(0.05 * np.sin(2 * np.pi * 100 * TIME_S) + HISS, 42).astype(np.float32)  # 126 s
    word = np.frombuffer(NanoTTS().speak("Oui.", voice="fr-FR"), np.int16).astype(np.float32) / 32768
    late = np.concatenate([np.zeros(2 * round(STRETCH_S) * RATE_HZ, np.float32), word, np.zeros(RATE_HZ, np.float32)])
    for samples, reason in ((hum, "holds only a hum: no speech"), (late, None), (hum[:0], "holds only silence")):
        judge, size = SpeechJudge(), round(block_s * RATE_HZ)
        for start in range(0, len(samples), size):
            judge.push(samples[start : start + size])
        assert judge.no_speech() == judge.no_speech() == no_speech(samples) == reason


def test_samples_that_are_no_numbers_are_left_to_whoever_counts_them() -> None:
    assert no_speech(np.full(RATE_HZ, np.nan, np.float32)) is None
