"""Figures are compared with their own direction and their own noise."""

import pytest
from carabin.registry.stages.regressions import compare, describe_regressions


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"wer": 0.10}, {"wer": 0.104}, ""),
        ({"wer": 0.10}, {"wer": 0.105}, ""),
        ({"wer": 0.10}, {"wer": 0.106}, "wer 0.100 -> 0.106"),
        ({"wer": 0.10}, {"wer": 0.05}, ""),
        ({"term_recall": 0.90}, {"term_recall": 0.95}, ""),
        ({"term_recall": 0.90}, {"term_recall": 0.80}, "term_recall 0.900 -> 0.800"),
        ({"critical_errors": 2.0}, {"critical_errors": 3.0}, "critical_errors 2.000 -> 3.000"),
        ({"general_wer": 0.10}, {"general_wer": 0.115}, ""),
        ({"general_wer": 0.10}, {"general_wer": 0.13}, "general_wer 0.100 -> 0.130"),
        ({"loss": 1.0}, {"loss": 9.0}, ""),
        ({"wer": 0.1}, {}, ""),
        ({}, {"wer": 0.9}, ""),
    ],
)
def test_only_a_worsening_beyond_noise_is_a_regression(
    old: dict[str, float], new: dict[str, float], words: str
) -> None:
    assert describe_regressions(compare(old, new)) == words


def test_what_can_refuse_comes_first_and_a_missing_figure_is_shown_as_missing() -> None:
    changes = compare({"audio_s": 1.0, "wer": 0.1}, {"term_recall": 0.9, "wer": 0.2})
    assert [change.metric for change in changes] == ["wer", "term_recall", "audio_s"]
    assert [change.delta for change in changes] == [pytest.approx(0.1), None, None]
