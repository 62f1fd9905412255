"""Error counts and missed terms, on cases counted by hand."""

import pytest
from carabin.trainer.evaluation.error_rates import Counts, character_errors, corpus_rate, missed_terms, word_errors
from carabin.trainer.text.normalize import normalize
from carabin.trainer.text.terms import TermIndex


def test_words_replaced_lost_and_added_are_counted_against_what_was_said() -> None:
    assert word_errors("a b c d", "a x c d e") == Counts(2, 4)
    assert word_errors("a b", "") == Counts(2, 2)
    assert word_errors("", "a b") == Counts(2, 0)
    assert character_errors("abcd", "abxd") == Counts(1, 4)


def test_a_corpus_rate_weighs_dictations_by_their_length() -> None:
    assert corpus_rate([Counts(1, 1), Counts(0, 9)]) == pytest.approx(0.1)


def test_each_missing_occurrence_of_a_term_is_missed_once() -> None:
    index = TermIndex(["amiodarone", "fibrillation atriale"])
    said = normalize("Amiodarone pour fibrillation atriale, amiodarone poursuivie.")
    assert missed_terms(said, normalize("Amiodarone pour fibrillation, à mio d'Arone"), index) == [
        "fibrillation atriale", "amiodarone",
    ]  # fmt: skip
    assert missed_terms(said, said, index) == []
