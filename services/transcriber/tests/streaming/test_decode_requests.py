"""What is asked of the engine for one utterance: window, length, prompt and prefix of its partials and of its final."""

import numpy as np
import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.streaming.decode_requests import FINAL_SILENCE_S, DecodeRequests
from carabin.transcriber.streaming.utterance import TRAILING_SAMPLES, Utterance
from carabin.transcriber.testing.engine import FakeEngine

WINDOWS = WindowPolicy(min_frames=500, margin_frames=200)
PROMPT = Prompt(tokens=(7, 8))


def requests(
    spoken_s: float = 3.0, silence_s: float = 1.0, *, config: SessionConfig | None = None, min_window: int = 0
) -> DecodeRequests:
    """An utterance of so much speech and silence after it."""
    utterance = Utterance(0, 0)
    utterance.audio.append(np.zeros(int((spoken_s + silence_s) * 16_000), np.float32))
    utterance.speech_stop = utterance.speech_samples = int(spoken_s * 16_000)
    model = ModelHandle("v1", FakeEngine(windows=WINDOWS))
    return DecodeRequests(config or SessionConfig(), utterance, model, PROMPT, min_window)


def test_a_partial_decodes_all_there_is_greedily_and_a_final_what_was_spoken() -> None:
    asked = requests(3.0, 1.0)
    partial, final = asked.partial("fr", prompted=True), asked.final("fr", 5, prompted=True)
    assert (len(partial.samples), partial.beam_size, partial.silence_s) == (4 * 16_000, 1, 0.0)
    assert (len(final.samples), final.beam_size) == (3 * 16_000 + TRAILING_SAMPLES, 5)
    assert final.silence_s == FINAL_SILENCE_S
    assert (partial.word_timestamps, final.word_timestamps) == (True, False)
    assert partial.max_tokens <= final.max_tokens


def test_word_times_of_a_final_are_those_that_the_client_asked_for() -> None:
    assert requests(config=SessionConfig(word_timestamps=True)).final("fr", 5, prompted=True).word_timestamps


@pytest.mark.parametrize(("min_window", "window"), [(0, WINDOWS.window_for(320)), (2000, 2000), (1, 750)])
def test_the_window_is_the_models_own_unless_a_decode_repeated_itself_in_it(min_window: int, window: int) -> None:
    assert requests(3.0, min_window=min_window).final("fr", 5, prompted=True).window_frames == window


def test_a_prompt_is_sent_where_it_is_wanted_and_never_with_silence() -> None:
    assert requests(3.0).final("fr", 5, prompted=True).prompt == PROMPT.tokens
    assert requests(3.0).final("fr", 5, prompted=False).prompt == ()
    assert requests(0.05).final("fr", 5, prompted=True).prompt == ()
    assert requests(0.05).partial("fr", prompted=True).prompt == ()


def test_a_final_has_the_second_decode_of_the_lexicon_unless_it_is_left_out() -> None:
    asked = requests()
    second = object()
    asked.prompt = Prompt(second_pass=lambda: second)  # type: ignore[arg-type,return-value]
    assert asked.final("fr", 5, prompted=True).second_pass is second
    assert asked.final("fr", 5, prompted=True, lexicon=False).second_pass is None
    assert asked.partial("fr", prompted=True).second_pass is None
