"""Tests of what is certainly no speech."""

import numpy as np
import pytest
from carabin.trainer.quality.speech import no_speech
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS

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
    assert no_speech((PicoEngine().speak(text, SPEAKERS[0]) + offset).astype(np.float32)) is None
