"""The tables of a report: what was measured, what needs a look first, what was missed most."""

from carabin.trainer.evaluation.evaluate import ScoredDictation
from carabin.trainer.evaluation.tables import dictations_table, figures_table, missed_table
from carabin.trainer.evaluation.text_scores import score_text
from carabin.trainer.text.terms import TermIndex

INDEX = TermIndex(["apixaban", "toux", "foie"])


def row(said: str, written: str) -> ScoredDictation:
    score = score_text(said, written, INDEX)
    values = {name: getattr(score, name) for name in score.__slots__}
    return ScoredDictation(**values, reference=said, hypothesis=written, speaker=None, source="test", duration_s=1.0)


def test_figures_are_in_reading_order_with_what_became_better_or_worse() -> None:
    table = figures_table(
        {"cer": 0.1, "wer": 0.25, "term_recall": 0.5, "unknown": 1.0}, {"wer": 0.5, "term_recall": 0.9}
    )
    assert list(table.index) == ["wer", "term_recall", "cer"]
    assert list(table["change"]) == ["better", "worse", ""]
    assert list(table["before"]) == ["50,0 %", "90,0 %", ""]
    assert table.loc["wer", "value"] == "25,0 %"
    assert figures_table({"wer": 0.5}, {"wer": 0.5})["change"].item() == "same"


def test_dictations_with_critical_errors_come_before_those_with_more_wrong_words() -> None:
    rows = [row("Rien à dire ce matin.", "Rien."), row("Pas de fièvre.", "De fièvre."), row("Toux.", "Toux.")]
    table = dictations_table(rows)
    assert list(table.index) == [1, 0, 2]
    assert table.loc[1, "critical"] == 1
    assert table.loc[2, "rate"] == 0.0
    assert dictations_table([]).empty


def test_missed_terms_are_counted_and_equal_counts_stand_by_name() -> None:
    rows = [row("Toux et foie.", "Et."), row("Toux sous apixaban.", "Sous.")]
    assert missed_table(rows).to_dict("list") == {"term": ["toux", "apixaban", "foie"], "times": [2, 1, 1]}
    assert list(missed_table(rows, most=1)["term"]) == ["toux"]
    assert missed_table([]).empty
