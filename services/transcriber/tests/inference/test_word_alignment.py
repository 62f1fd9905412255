"""Words get their times from the path of tokens through frames."""

import pytest
from carabin.transcriber.inference.word_alignment import least_probabilities, timed_words

PATH = [(0, 0), (0, 5), (1, 10), (2, 20), (2, 25), (3, 30), (4, 40)]
"""Token 0 from frame 0, 1 from 10, 2 from 20, 3 from 30, the end mark from 40."""


def test_a_word_lasts_from_its_first_token_to_the_next_words() -> None:
    first, second = timed_words(PATH, [0.5, 0.7, 0.9, 0.9], [" pas", " fracture"], [2, 2])
    assert (first.text, first.start_s, first.end_s) == (" pas", 0.0, 0.4)
    assert first.probability == pytest.approx(0.6)
    assert (second.text, second.start_s, second.end_s) == (" fracture", 0.4, 0.8)


def test_a_mark_belongs_to_the_word_before_it_and_takes_no_time() -> None:
    [word] = timed_words(PATH, [0.5, 0.7, 0.9, 0.1], [" fracture", "."], [3, 1])
    assert (word.text, word.end_s) == (" fracture.", 0.6)


def test_without_a_path_there_are_no_times() -> None:
    assert timed_words([], [], [" pas"], [1]) == ()


def test_a_word_is_as_likely_as_its_least_likely_token() -> None:
    assert least_probabilities([0.1, 0.9, 0.4, 0.8], [2, 1], 1) == (0.4, 0.8)


def test_words_without_an_alignment_are_not_uncertain() -> None:
    assert least_probabilities([], [2, 1], 0) == (1.0, 1.0)
