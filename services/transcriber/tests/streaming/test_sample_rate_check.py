"""A voice at another sample rate is recognised by its pitch; everything else passes."""

from dataclasses import replace

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig
from carabin.transcriber.core.errors import ImpossibleAudio
from carabin.transcriber.core.events import SessionWarning
from carabin.transcriber.streaming import sample_rate_check
from carabin.transcriber.streaming.sample_rate_check import SampleRateCheck
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import Bench, silence
from ..helpers.real_models import SECOND, SENTENCE, say


def voice() -> Samples:
    return np.concatenate([say(SENTENCE), say(SECOND)])


def at_rate(samples: Samples, rate_hz: int) -> Samples:
    """Return what a client with a microphone of another rate sends without resampling."""
    n = len(samples) * rate_hz // SAMPLE_RATE_HZ
    return np.interp(np.arange(n) * SAMPLE_RATE_HZ / rate_hz, np.arange(len(samples)), samples).astype(np.float32)


def push(
    samples: Samples, packet: int = 1600, *, speech: bool = False, check: SampleRateCheck | None = None
) -> list[str]:
    check = check or SampleRateCheck()
    said = [check.push(samples[i : i + packet], speech=speech) for i in range(0, len(samples), packet)]
    return [warning for warning in said if warning is not None]


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize("packet", [160, 1600, 1000_000])
def test_a_voice_that_comes_three_times_too_slowly_is_refused(rate_hz: int, packet: int) -> None:
    with pytest.raises(ImpossibleAudio, match=r"44\.1 or 48 kHz"):
        push(at_rate(voice(), rate_hz), packet)


@pytest.mark.parametrize("use_vad", [True, False])
def test_a_session_of_such_audio_fails_before_any_text(use_vad: bool) -> None:
    bench = Bench(config=SessionConfig(use_vad=use_vad))
    with pytest.raises(ImpossibleAudio):
        bench.push(at_rate(voice(), 48_000), packet_s=0.1)
    assert not bench.finals
    assert not bench.partials


def test_a_noise_that_is_taken_for_speech_does_not_end_the_check() -> None:
    """A cough, or a click: the voice activity detection finds an utterance, of which no text comes."""
    bench = Bench(
        engine=FakeEngine(script=lambda request: replace(bench.engine.transcribe(request), text="", words=()))
    )
    bench.push(say(SECOND)[:16_000], silence(2.0))
    assert bench.session._endpointer.numbered == 1
    with pytest.raises(ImpossibleAudio):
        bench.push(at_rate(voice(), 48_000), packet_s=0.1)


def test_a_session_that_has_text_is_warned_once_and_goes_on() -> None:
    bench = Bench()
    bench.push(say(SENTENCE), silence(2.0))
    assert bench.finals
    bench.push(at_rate(voice(), 48_000), at_rate(voice(), 48_000), packet_s=0.1)
    [warning] = [event for event in bench.events if isinstance(event, SessionWarning)]
    assert warning.code == "sample_rate"
    assert "44.1 or 48 kHz" in warning.message


@pytest.mark.parametrize("speech", [True, False])
def test_a_voice_that_comes_twice_too_fast_is_a_warning_said_once(speech: bool) -> None:
    fast = voice()[::2]
    [warning] = push(np.concatenate([fast] * 4), speech=speech)
    assert "8 kHz" in warning


def test_speech_between_low_sounds_begins_the_count_anew() -> None:
    check = SampleRateCheck()
    slow = at_rate(voice(), 48_000)
    for i in range(0, len(slow), 32_000):
        assert push(slow[i : i + 32_000], check=check) == []
        push(voice()[:16_000], speech=True, check=check)


@pytest.mark.parametrize("hertz", [25, 50, 60, 80])
def test_hum_is_not_taken_for_a_slow_voice(hertz: float) -> None:
    t = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    push(np.asarray(sum(0.2 / k * np.sin(2 * np.pi * hertz * k * t) for k in range(1, 12)), np.float32))


@pytest.mark.parametrize("packet", [500, 1600, 16_000, 1_000_000])
@pytest.mark.parametrize(("trusted", "frames"), [(False, 100), (True, 20)])
def test_a_session_that_has_text_is_looked_at_less_often(
    trusted: bool, frames: int, packet: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimated = []
    monkeypatch.setattr(sample_rate_check, "_pitch_hz", estimated.append)
    check = SampleRateCheck()
    check.trusted = trusted
    push(np.zeros(10 * SAMPLE_RATE_HZ, np.float32), packet, check=check)
    assert frames - 2 <= len(estimated) <= frames


def test_a_voice_at_its_own_rate_and_noise_pass() -> None:
    assert push(voice()) == push(voice(), speech=True) == []
    push(np.random.default_rng(3).normal(0, 0.2, 20 * SAMPLE_RATE_HZ).astype(np.float32))
    push(np.zeros(10 * SAMPLE_RATE_HZ, np.float32))
