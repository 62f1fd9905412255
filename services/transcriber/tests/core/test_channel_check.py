"""Two channels in turn are recognised; mono passes, whatever its telephone did to it."""

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.audio_check import AudioCheck
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.core.errors import ImpossibleAudio

from ..helpers.real_models import SECOND, SENTENCE, say

RNG = np.random.default_rng(5)


def voice() -> Samples:
    return np.concatenate([say(SENTENCE), say(SECOND)])


def in_turn(left: Samples, right: Samples) -> Samples:
    return np.stack([left, right], axis=1).reshape(-1)


def noise(n: int, level: float) -> Samples:
    return RNG.normal(0, level, n).astype(np.float32)


def telephone() -> Samples:
    """8 kHz, as every second sample of the voice without what lies above 3.4 kHz."""
    spectrum = np.fft.rfft(voice())
    spectrum[int(len(spectrum) * 3400 / 8000) :] = 0
    return np.fft.irfft(spectrum)[::2].astype(np.float32)


def check(samples: Samples, packet: int = 1601) -> set[str]:
    one = AudioCheck()
    found = {one.check(samples[i : i + packet]) for i in range(0, len(samples), packet)}
    return {warning for warning in found if warning is not None}


@pytest.mark.parametrize("packet", [161, 4096, 1_000_000])
@pytest.mark.parametrize(
    "right",
    [
        lambda v: v * np.float32(0.9) + noise(len(v), 0.003),
        lambda v: noise(len(v), 0.003),
        lambda v: v * np.float32(0.3),
    ],
)
def test_two_channels_in_turn_are_refused_with_what_to_send(right: object, packet: int) -> None:
    with pytest.raises(ImpossibleAudio, match="interleaved stereo, of which one channel must be sent"):
        check(in_turn(voice(), right(voice())), packet)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (lambda: np.repeat(telephone(), 2), "every sample comes twice"),
        (lambda: in_turn(voice(), voice()), "every sample comes twice"),
        (lambda: in_turn(telephone(), np.zeros_like(telephone())), "every second sample is silence"),
    ],
)
def test_what_may_be_either_is_a_warning_said_once(samples: object, says: str) -> None:
    """Telephone speech may be brought to 16 kHz so badly that nothing in its samples tells it from stereo."""
    [warning] = check(samples())  # type: ignore[operator]
    assert warning.startswith(says)


@pytest.mark.parametrize(
    "samples",
    [
        voice,
        lambda: voice() * np.float32(0.05),
        lambda: np.interp(np.arange(2 * len(telephone())) / 2, np.arange(len(telephone())), telephone()),
        lambda: np.clip(voice() * 20, -1, 1),
        lambda: noise(5 * SAMPLE_RATE_HZ, 0.2),
        lambda: 0.3 * np.sin(2 * np.pi * 4000 * np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ),
        lambda: np.sin(2 * np.pi * 1000 * np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ),
        lambda: np.zeros(5 * SAMPLE_RATE_HZ),
    ],
)
def test_mono_passes_without_a_word(samples: object) -> None:
    assert check(np.asarray(samples(), np.float32)) == set()  # type: ignore[operator]
