"""The times of a final are inside its utterance and the session's audio."""

import math

import numpy as np
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.inference.engine import Hypothesis, TimedWord, TokenWord
from carabin.transcriber.streaming.final_event import final_event
from carabin.transcriber.streaming.utterance import Utterance
from carabin.transcriber.streaming.vad import WINDOW


def test_word_times_are_moved_to_the_sessions_clock_and_kept_inside_the_utterance() -> None:
    utterance = Utterance(3, 2 * SAMPLE_RATE_HZ)
    for _ in range(50):
        utterance.append(np.zeros(WINDOW, np.float32), 0.9, True)
    words = (TimedWord(" un", 0.1, 0.4, 0.9), TimedWord(" mot", 0.4, 9.0, 0.8))
    hypothesis = Hypothesis(" un mot", (), -0.5, 0.0, 2, False, "fr", 1.0, words)
    utterance.received_stop = utterance.start + 45 * WINDOW
    final = final_event(utterance, hypothesis, "v1")
    end_s = utterance.received_stop / SAMPLE_RATE_HZ
    assert (final.utterance, final.start_s, final.end_s) == (3, 2.0, end_s)
    assert [(word.start_s, word.end_s) for word in final.words] == [(2.1, 2.4), (2.4, end_s)]
    assert final.confidence == math.exp(-0.5)


def test_final_has_the_models_tokens_and_its_doubt_whether_somebody_spoke() -> None:
    words = (TokenWord(" un", (7, 8)), TokenWord(" mot", (9,)))
    hypothesis = Hypothesis(" un mot", words, -0.5, 0.2, 3, False, "fr", 1.0)
    final = final_event(Utterance(0, 0), hypothesis, "v1")
    assert (final.tokens, final.no_speech_prob) == ((7, 8, 9), 0.2)
