"""Error counts, terms, critical tokens and intervals, on cases counted by hand."""

import pytest
from carabin.trainer.evaluation.bootstrap import interval
from carabin.trainer.evaluation.critical_errors import critical_errors
from carabin.trainer.evaluation.error_rates import Counts, character_errors, corpus_rate, missed_terms, word_errors
from carabin.trainer.text.normalize import normalize, words
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


@pytest.mark.parametrize(
    ("said", "written", "kind"),
    [
        ("Pas de fracture.", "De fracture.", "negation"),
        ("Douleur thoracique.", "Pas de douleur thoracique.", "negation"),
        ("Genou droit.", "Genou gauche.", "laterality"),
        ("Amoxicilline 500 mg.", "Amoxicilline 50 mg.", "dose"),
        ("75 µg par jour", "75 mg par jour", "dose"),
        ("Apixaban le soir.", "A pixa banc le soir.", "drug"),
        ("Rituximab à J1.", "Adalimumab à J1.", "drug"),
    ],
)
def test_one_dangerous_change_is_one_critical_error_of_its_kind(said: str, written: str, kind: str) -> None:
    found = critical_errors(words(said), words(written))
    assert {name: count.errors for name, count in found.items() if count.errors} == {kind: 1}


def test_harmless_changes_are_not_critical() -> None:
    found = critical_errors(words("Le genou droit est gonflé."), words("Un genoux droite et gonflé."))
    assert sum(count.errors for count in found.values()) == 0
    assert found["laterality"].total == 1


def test_an_interval_holds_the_rate_and_narrows_with_more_dictations() -> None:
    few = [Counts(number % 3, 10) for number in range(12)]
    low, high = interval(few)
    assert low < corpus_rate(few) < high
    narrow_low, narrow_high = interval(few * 20)
    assert narrow_high - narrow_low < (high - low) / 3
    assert interval(few) == (low, high)
    assert interval([]) == (0.0, 0.0)
