"""An utterance that is too long is cut where it hurts least, and loses nothing."""

import numpy as np
from carabin.transcriber.inference.engine import TokenWord
from carabin.transcriber.streaming.utterance import AudioBuffer, Utterance
from carabin.transcriber.streaming.vad import WINDOW

from ..helpers.pipeline import speech


def talked(probabilities: list[float]) -> Utterance:
    utterance = Utterance(0, 0)
    for i, probability in enumerate(probabilities):
        utterance.append(np.full(WINDOW, i, np.float32), probability, probability > 0.5)
    return utterance


N = 25 * 16_000 // WINDOW + 1


def test_the_longest_pause_of_the_searched_seconds_is_the_cut() -> None:
    probabilities = [0.9] * N
    probabilities[100:140] = [0.0] * 40
    probabilities[600:606] = [0.1] * 6
    probabilities[700:710] = [0.1] * 10
    assert talked(probabilities).cut(0.5, search_s=10) == 705 * WINDOW


def test_without_a_pause_the_least_likely_speech_is_the_cut() -> None:
    probabilities = [0.9] * N
    probabilities[650] = 0.3
    assert talked(probabilities).cut(0.5, search_s=10) == 650 * WINDOW


def test_a_split_keeps_every_sample_once() -> None:
    utterance = talked([0.9] * N)
    whole = utterance.audio.view().copy()
    rest = utterance.split(600 * WINDOW, 1)
    assert rest.start == utterance.end == 600 * WINDOW
    np.testing.assert_array_equal(np.concatenate([utterance.audio.view(), rest.audio.view()]), whole)
    assert len(rest.probabilities) == len(rest.audio) // WINDOW


def test_a_view_stays_true_while_the_buffer_grows() -> None:
    buffer = AudioBuffer()
    buffer.append(speech(3))
    view = buffer.view()
    for _ in range(20):
        buffer.append(speech(1) * 0)
    assert len(view) == 48000
    assert (view == 0.5).all()
    assert len(buffer) == 23 * 16000


def test_without_a_pause_the_cut_is_behind_a_word_and_takes_the_words_behind_it_along() -> None:
    probabilities = [0.9] * N
    probabilities[650] = 0.6
    probabilities[700] = 0.4
    utterance = talked(probabilities)
    end_s = 651 * WINDOW / 16_000
    words = [TokenWord(" foie", (1,), end_s), TokenWord(" normal", (2,), end_s + 3)]
    utterance.agreement.update(words)
    assert utterance.cut(0.5, search_s=10) == 650 * WINDOW
    rest = utterance.split(650 * WINDOW, 1)
    assert (utterance.agreement.tail, rest.agreement.tail) == (" foie", " normal")
