"""A voice at another sample rate is recognised by its pitch; everything else passes."""

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.core.errors import ImpossibleAudio
from carabin.transcriber.streaming.sample_rate_check import SampleRateCheck

from ..helpers.pipeline import Bench
from ..helpers.real_models import SECOND, SENTENCE, say


def voice() -> Samples:
    return np.concatenate([say(SENTENCE), say(SECOND)])


def at_rate(samples: Samples, rate_hz: int) -> Samples:
    """Return what a client with a microphone of another rate sends without resampling."""
    n = len(samples) * rate_hz // SAMPLE_RATE_HZ
    return np.interp(np.arange(n) * SAMPLE_RATE_HZ / rate_hz, np.arange(len(samples)), samples).astype(np.float32)


def push(samples: Samples, packet: int = 1600) -> None:
    check = SampleRateCheck()
    for i in range(0, len(samples), packet):
        check.push(samples[i : i + packet])


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize("packet", [160, 1600, 1000_000])
def test_a_voice_that_comes_three_times_too_slowly_is_refused(rate_hz: int, packet: int) -> None:
    with pytest.raises(ImpossibleAudio, match=r"44\.1 or 48 kHz"):
        push(at_rate(voice(), rate_hz), packet)


def test_a_session_of_such_audio_fails_before_any_text() -> None:
    bench = Bench()
    with pytest.raises(ImpossibleAudio):
        bench.push(at_rate(voice(), 48_000), packet_s=0.1)
    assert not bench.finals
    assert not bench.partials


@pytest.mark.parametrize("hertz", [25, 50, 60, 80])
def test_hum_is_not_taken_for_a_slow_voice(hertz: float) -> None:
    t = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    push(np.asarray(sum(0.2 / k * np.sin(2 * np.pi * hertz * k * t) for k in range(1, 12)), np.float32))


def test_a_voice_at_its_own_rate_and_noise_pass() -> None:
    push(voice())
    push(np.random.default_rng(3).normal(0, 0.2, 20 * SAMPLE_RATE_HZ).astype(np.float32))
    push(np.zeros(10 * SAMPLE_RATE_HZ, np.float32))
