"""What the real voice activity detection and the guards make of sounds that are no speech: no text, in any session."""

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.inference.engine import Hypothesis, TokenWord
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import Bench

N = 10 * SAMPLE_RATE_HZ
T_S = np.arange(N) / SAMPLE_RATE_HZ
NOISE = np.random.default_rng(0).normal(0, 1e-3, N)
ONLY_IN_THE_MIDDLE = ((T_S >= 10 / 3) & (T_S < 20 / 3)).astype(float)
INVENTED = Hypothesis(" Bonjour.", (TokenWord(" Bonjour.", (1,)),), -0.2, 0.1, 1, False, "fr", 1.0)
"""What a model writes where it is asked to decode noise."""


def buzz(hertz: float, harmonics: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(sum(0.2 / k * np.sin(2 * np.pi * hertz * k * T_S) for k in range(1, harmonics)))


def click(n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sound = np.zeros(N)
    sound[N // 2 : N // 2 + n] = 1.0
    return sound


SOUNDS = {
    "an offset": np.full(N, 0.5),
    "an offset that comes and goes": 0.5 * ONLY_IN_THE_MIDDLE,
    "50 Hz": buzz(50, 2),
    "50 Hz with harmonics": buzz(50, 8),
    "100 Hz with harmonics": buzz(100, 20),
    "a buzz that comes and goes": buzz(100, 20) * ONLY_IN_THE_MIDDLE,
    "one sample": click(1),
    "five milliseconds": click(80),
}


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("packet_s", [0.032, 0.1])
def test_a_sound_that_is_no_speech_writes_no_text(name: str, packet_s: float) -> None:
    bench = Bench(FakeEngine(script=lambda _: INVENTED))
    audio: Samples = (SOUNDS[name] + NOISE).astype(np.float32)
    bench.push(audio, packet_s=packet_s)
    bench.flush()
    assert not bench.engine.batches
    assert not bench.finals
    assert not bench.partials
