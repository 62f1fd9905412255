"""How a figure is written for a French reader."""

import pytest
from carabin.trainer.evaluation.critical_errors import KINDS as CRITICAL_KINDS
from carabin.trainer.evaluation.labels import COUNTED, KINDS, LABELS, NOTES, rate_text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0,0 %"), (0.12345, "12,3 %"), (1.0, "100,0 %"), (1.257, "125,7 %")])
def test_a_rate_is_a_percentage_with_a_comma(value: float, text: str) -> None:
    assert rate_text("wer", {"wer": value}) == text


def test_an_interval_stands_behind_its_rate_only_where_both_bounds_are_known() -> None:
    metrics = {"wer": 0.2, "wer_low": 0.105, "wer_high": 0.3}
    assert rate_text("wer", metrics) == "20,0 % (10,5 % à 30,0 %)"
    assert rate_text("wer", {"wer": 0.2, "wer_low": 0.1}) == "20,0 %"
    assert rate_text("cer", metrics | {"cer": 0.1}) == "10,0 %"


@pytest.mark.parametrize("name", ["critical_errors", "critical_drug", "critical_negation", "hallucinated_words"])
def test_errors_that_are_counted_are_whole_numbers_without_an_interval(name: str) -> None:
    assert rate_text(name, {name: 3.0, f"{name}_low": 0.0, f"{name}_high": 9.0}) == "3"


def test_every_kind_of_critical_error_has_its_word_and_its_line() -> None:
    assert set(KINDS) == set(CRITICAL_KINDS)
    assert {f"critical_{kind}" for kind in CRITICAL_KINDS} <= COUNTED <= set(LABELS)
    assert set(NOTES) <= set(LABELS)
