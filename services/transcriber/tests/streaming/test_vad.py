"""Silero, streamed, gives what it gives at once."""

import numpy as np
import pytest
from carabin.transcriber.core.config import VadConfig
from carabin.transcriber.core.errors import InvalidConfig
from carabin.transcriber.streaming.vad import WINDOW, SileroStream, VoiceActivity
from faster_whisper.vad import get_vad_model

from ..helpers.real_models import SENTENCE, say


def whole_windows() -> np.ndarray:
    audio = np.concatenate([np.zeros(8000, np.float32), say(SENTENCE), np.zeros(8000, np.float32)])
    return audio[: len(audio) // WINDOW * WINDOW]


def test_pieces_give_the_probabilities_of_the_whole() -> None:
    audio = whole_windows()
    at_once = SileroStream().probabilities(audio)
    stream, pieces, at = SileroStream(), [], 0
    for n in [1, 3, 2, 7] * 100:
        if at < len(audio):
            pieces.append(stream.probabilities(audio[at : at + n * WINDOW]))
            at += n * WINDOW
    np.testing.assert_allclose(np.concatenate(pieces), at_once, atol=1e-5)


def test_it_agrees_with_faster_whispers_own_wrapper() -> None:
    audio = whole_windows()
    np.testing.assert_allclose(
        SileroStream().probabilities(audio), np.asarray(get_vad_model()(audio.copy())).reshape(-1), atol=1e-5
    )


def test_speech_is_distinguished_from_silence_and_noise() -> None:
    probabilities = SileroStream().probabilities(whole_windows())
    assert probabilities[:10].max() < 0.3
    assert np.median(probabilities[20:110]) > 0.8
    noise = np.random.default_rng(0).normal(0, 0.05, 200 * WINDOW).astype(np.float32)
    assert SileroStream().probabilities(noise).max() < 0.35


def test_speech_goes_on_below_the_threshold_that_begins_it() -> None:
    activity = VoiceActivity(VadConfig(threshold=0.5))
    assert [activity.step(p) for p in (0.4, 0.6, 0.4, 0.36, 0.3, 0.4)] == [False, True, True, True, False, False]
    assert activity.silence_s == pytest.approx(2 * 0.032)


@pytest.mark.parametrize("bad", [{"threshold": 1.5}, {"min_silence_s": 0}, {"speech_pad_s": -1}])
def test_values_out_of_range_are_named(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidConfig, match=next(iter(bad))):
        VadConfig(**bad)
