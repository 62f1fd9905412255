"""The measures of pairs of texts, counted by hand."""

import pytest
from carabin.trainer.evaluation.error_rates import Counts
from carabin.trainer.evaluation.text_scores import TextScore, rates, score_text
from carabin.trainer.text.terms import TermIndex

INDEX = TermIndex(["amoxicilline", "fièvre"])


def test_each_measure_forgives_what_it_is_meant_to_forgive() -> None:
    score = score_text("Pas de fièvre.", "pas de fievre", INDEX)
    assert score.words == Counts(1, 3)  # the accent
    assert score.raw_words == Counts(2, 3)  # the capital, and the accent with the full stop
    assert score.accentless_words == Counts(0, 3)
    assert score.characters == Counts(1, 13)
    assert score.raw_characters == Counts(3, 14)
    assert (score.terms, score.missed_terms) == (Counts(0, 1), ("fièvre",))
    assert score.critical["negation"] == Counts(0, 1)


def test_terms_count_those_that_were_found() -> None:
    score = score_text("Amoxicilline contre la fièvre, puis amoxicilline.", "Amoxicilline contre la fièvre.", INDEX)
    assert (score.terms, score.missed_terms) == (Counts(2, 3), ("amoxicilline",))


@pytest.fixture
def scores() -> list[TextScore]:
    pairs = [("Genou droit.", "Genou gauche."), ("Pas de fièvre ni de toux.", "pas de fievre ni de toux")]
    return [score_text(said, written, INDEX) for said, written in pairs]


def test_rates_are_over_the_whole_corpus(scores: list[TextScore]) -> None:
    metrics = rates(scores)
    assert metrics["wer"] == pytest.approx(2 / 8)  # the side, the accent
    assert metrics["wer_no_accents"] == pytest.approx(1 / 8)
    assert metrics["wer_raw"] == pytest.approx(4 / 8)  # the capital and the full stop of the second too
    assert metrics["cer"] == pytest.approx(7 / 35)  # « droit » and « gauche » share no letter: six edits
    assert metrics["term_recall"] == 0.0
    assert metrics["critical_errors"] == metrics["critical_laterality"] == 1.0
    assert metrics["critical_negation"] == metrics["critical_dose"] == metrics["critical_drug"] == 0.0
    assert metrics["critical_error_rate"] == pytest.approx(1 / 3)  # a side, « pas » and « ni »


def test_the_rates_that_decide_have_an_interval_around_them(scores: list[TextScore]) -> None:
    metrics = rates(scores)
    bounded = {name.removesuffix("_low") for name in metrics if name.endswith("_low")}
    assert bounded == {"wer", "cer", "term_recall"}
    assert (metrics["wer_low"], metrics["wer_high"]) == (pytest.approx(1 / 6), 0.5)  # the second twice, the first twice


def test_no_score_gives_zeros() -> None:
    assert set(rates([]).values()) == {0.0}
