"""What one utterance's decodes do when the prompt is written instead of speech, and when there is no model."""

from dataclasses import replace

import numpy as np
import pytest
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig
from carabin.transcriber.core.events import ModelChanged
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis, TokenWord
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.streaming.session import MAX_PENDING
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import Bench, loudness_vad, silence, speech

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")

PROMPTED = Prompt(tokens=(7,) * 16, initial_prompt="le patient a de la fièvre le patient a de la fièvre")
ECHO, SPOKEN = " Le patient a de la fièvre.", " Le patient n'a pas de fièvre."


def text(words: str) -> Hypothesis:
    tokens = tuple(TokenWord(f" {word}", (100 + i,)) for i, word in enumerate(words.split()))
    return Hypothesis(words, tokens, -0.1, 0.01, len(tokens), False, "fr", 1.0)


def echoing(request: DecodeRequest) -> Hypothesis:
    """Write the prompt where there is one, else what was spoken."""
    return text(ECHO if request.prompt else SPOKEN)


def test_a_final_that_echoes_the_prompt_is_decoded_again_without_it() -> None:
    bench = Bench(FakeEngine(script=echoing), prompt=PROMPTED)
    bench.push(speech(2), silence(0.8))
    assert [final.text for final in bench.finals] == [SPOKEN]
    assert bench.metric("retries_total", reason="prompt_echo") >= 1


@pytest.mark.parametrize(
    "prompt",
    [Prompt(tokens=(7,) * 16, initial_prompt="Pas fièvre"), Prompt(tokens=(7,) * 16, expected=("pas fièvre", "toux"))],
)
def test_two_words_of_the_prompt_on_a_short_sound_are_decoded_again_without_it(prompt: Prompt) -> None:
    engine = FakeEngine(script=lambda request: text(" Pas fièvre." if request.prompt else " Hum."))
    bench = Bench(engine, config=SessionConfig(partials=False), prompt=prompt)
    bench.push(speech(0.25), silence(0.8))
    assert [final.text for final in bench.finals] == [" Hum."]


DRUGS = Prompt(tokens=(7,) * 16, expected=("Eliquis", "Xarelto", "Pradaxa"))
DICTATED = " Eliquis Xarelto Pradaxa"
UNSURE = replace(text(" et les quis gare elle tôt"), avg_logprob=-1.6)
NOISE = replace(text(" Hum, hum."), avg_logprob=-1.3, no_speech_prob=0.6)


def finals_of(first: Hypothesis, retry: Hypothesis, prompt: Prompt, *, speech_s: float = 2.0) -> list[str]:
    """Return the finals of an utterance whose first decode is `first`."""
    engine = FakeEngine(script=lambda _: retry if len(engine.batches) > 1 else first)
    bench = Bench(engine, config=SessionConfig(partials=False), prompt=prompt)
    bench.push(speech(speech_s), silence(0.8))
    assert len(engine.batches) == 2
    return [final.text for final in bench.finals]


@pytest.mark.parametrize("retry", [text(""), UNSURE, NOISE, text(" Merci d'avoir regardé")])
def test_words_that_were_said_twice_stay_where_the_second_decode_is_rejected(retry: Hypothesis) -> None:
    assert finals_of(text(" Pas de fièvre. Pas de fièvre."), retry, Prompt()) == [" Pas de fièvre. Pas de fièvre."]


@pytest.mark.parametrize("retry", [UNSURE, text(" pra pra pra" * 20)])
def test_expected_words_that_were_dictated_stay_where_speech_is_not_understood_without_them(retry: Hypothesis) -> None:
    assert finals_of(text(DICTATED), retry, DRUGS) == [DICTATED]


@pytest.mark.parametrize(
    ("first", "retry"),
    [
        (text(DICTATED), text("")),
        (text(DICTATED), NOISE),
        (text(DICTATED), text(" Merci d'avoir regardé")),
        (replace(text(DICTATED), no_speech_prob=0.6), UNSURE),
        (replace(text(DICTATED), avg_logprob=-1.2), UNSURE),
    ],
)
def test_a_prompt_that_was_written_onto_noise_does_not_come(first: Hypothesis, retry: Hypothesis) -> None:
    assert finals_of(first, retry, DRUGS) == []


@pytest.mark.parametrize("expected", [(), ("Eliquis", "Xarelto")])
def test_an_initial_prompt_that_is_written_over_a_mumble_does_not_come(expected: tuple[str, ...]) -> None:
    prompt = Prompt(tokens=(7,) * 16, expected=expected, initial_prompt="Compte rendu. Pas de fracture visible.")
    for retry in (UNSURE, text(" mm mm mm" * 20)):
        assert finals_of(text(" Compte rendu. Pas de fracture visible."), retry, prompt, speech_s=3.0) == []


def test_expected_words_that_nobody_had_time_to_say_do_not_come() -> None:
    assert finals_of(text(DICTATED), UNSURE, DRUGS, speech_s=0.5) == []


def test_no_partial_shows_an_echo_of_the_prompt() -> None:
    bench = Bench(FakeEngine(script=echoing), prompt=PROMPTED)
    bench.push(speech(3))
    shown = {partial.stable + partial.tail for partial in bench.partials}
    assert shown
    assert all("a de la" not in each for each in shown)


def test_words_of_the_prompt_that_were_spoken_stay() -> None:
    bench = Bench(FakeEngine(script=lambda _: text(ECHO)), prompt=PROMPTED)
    bench.push(speech(2), silence(0.8))
    assert [final.text for final in bench.finals] == [ECHO]


def test_a_final_that_is_no_echo_is_decoded_once() -> None:
    engine = FakeEngine(script=lambda _: text(SPOKEN))
    bench = Bench(engine, config=SessionConfig(partials=False), prompt=PROMPTED)
    bench.push(speech(2), silence(0.8))
    assert [final.text for final in bench.finals] == [SPOKEN]
    assert len(engine.batches) == 1


def test_silence_is_decoded_without_the_prompt() -> None:
    engine = FakeEngine(script=lambda request: text(ECHO if request.prompt else " ..."))
    bench = Bench(engine, config=SessionConfig(use_vad=False), prompt=PROMPTED)
    bench.push(silence(30))
    bench.flush()
    requests = [request for batch in engine.batches for request in batch]
    assert requests
    assert not any(request.prompt for request in requests)
    assert not bench.finals
    assert not bench.partials


PACKETS_S = (0.01, 0.032, 0.1, 0.37, 1.0, 7.0)


@pytest.mark.parametrize("packet_s", PACKETS_S)
def test_an_utterance_without_a_model_waits_for_one_and_loses_nothing(packet_s: float) -> None:
    bench = Bench()
    bench.push(speech(1), silence(0.8), packet_s=packet_s)
    bench.slot.install(None, "a new model is being loaded")
    bench.push(speech(2), silence(0.8), speech(1), packet_s=packet_s)
    assert len(bench.finals) == 1
    assert bench.engine.closed, "the old model is free while sessions wait"
    bench.slot.install(ModelHandle("v2", FakeEngine("neuf")))
    bench.session.attach_model()
    bench.decode()
    bench.push(speech(0.5), silence(0.8), packet_s=packet_s)
    assert [final.text.split()[0] for final in bench.finals] == ["mot0", "neuf0", "neuf0"]
    assert [event for event in bench.events if isinstance(event, ModelChanged)] == [ModelChanged("v2", "v1")]
    spoken = sum(len(final.text.split()) for final in bench.finals)
    assert spoken >= 2 + 4 + 2
    assert all(handle.leases == 0 for handle in [bench.slot.current] if handle)


def test_somebody_who_never_pauses_gives_the_old_model_back_at_the_next_cut() -> None:
    bench = Bench(config=SessionConfig(partials=False))
    bench.push(speech(1))
    old = bench.slot.install(None, "a new model is being loaded")
    assert old is not None
    bench.push(speech(30))
    assert old.idle.is_set(), "a drain would wait for ever"
    bench.slot.install(ModelHandle("v2", FakeEngine("neuf")))
    bench.session.attach_model()
    bench.push(silence(0.8))
    assert bench.finals[-1].model_version == "v2"
    for before, after in zip(bench.finals[:-1], bench.finals[1:], strict=True):
        assert after.start_s - before.end_s < 0.5


def test_a_session_without_a_model_takes_audio_until_enough_utterances_wait() -> None:
    bench = Bench()
    bench.slot.install(None, "a new model is being loaded")
    for _ in range(MAX_PENDING):
        assert bench.session.accepts_audio
        bench.push(speech(1), silence(0.8))
    assert not bench.session.accepts_audio
    bench.slot.install(ModelHandle("v2", FakeEngine("neuf")))
    bench.session.attach_model()
    bench.decode()
    assert len(bench.finals) == MAX_PENDING


def test_closing_a_session_that_waits_for_a_model_is_no_error() -> None:
    bench = Bench()
    bench.slot.install(None, "a new model is being loaded")
    bench.push(speech(1), silence(0.8))
    bench.session.close()
    bench.session.attach_model()
    assert not bench.finals


def test_a_click_while_there_is_no_model_is_forgotten() -> None:
    bench = Bench()
    bench.slot.install(None, "a new model is being loaded")
    bench.push(speech(0.032), silence(1))
    assert bench.metric("rejected_total", reason="click") == 1
    assert bench.session.accepts_audio


def hum() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    t = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    return np.asarray(sum(0.3 / k * np.sin(2 * np.pi * 50 * k * t) for k in range(1, 20)), np.float32)


def test_hum_is_decoded_neither_as_a_partial_nor_as_a_final() -> None:
    bench = Bench()
    bench.push(hum(), silence(1))
    assert not [request for batch in bench.engine.batches for request in batch], "not as a final in advance either"
    assert not bench.finals
    assert bench.metric("rejected_total", reason="hum") == 1
