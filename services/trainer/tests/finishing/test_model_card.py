"""What a model card states."""

from typing import Any

import pytest
from carabin.trainer.finishing.model_card import Card
from jinja2 import UndefinedError


def card(**changes: Any) -> str:
    values: dict[str, Any] = {
        "run": "cardio",
        "source": {"base_model": "embedded", "commit": "c0ffee"},
        "settings": {"language": "fr", "mode": "decoder"},
        "metrics": {"wer": 0.25, "cer": 0.1},
        "stock": {"wer": 0.5},
        "alpha": 0.8,
    }
    return Card(**{**values, **changes}).render()


def test_it_names_the_run_its_lineage_its_settings_and_what_was_kept() -> None:
    text = card()
    assert text.startswith("---\nlanguage: fr\n")
    for line in ("# cardio", "| base_model | `embedded` |", "| commit | `c0ffee` |", "- mode: decoder"):
        assert line in text.splitlines()
    assert "| alpha | 0.8 (" in text


def test_scores_stand_beside_those_of_the_base_on_the_same_dictations() -> None:
    text = card()
    assert "| wer | 0.5000 | 0.2500 |" in text
    assert "| cer" not in text  # the base was not measured by it


def test_a_model_that_was_not_scored_says_so() -> None:
    assert "Non évalué. *Not evaluated.*" in card(stock={})
    assert "Non évalué" not in card()


def test_each_note_is_a_quotation_and_nothing_is_escaped() -> None:
    text = card(notes=("Fenêtre d'au moins 2 s & plus.", "Budget dépassé."))
    assert [line for line in text.splitlines() if line.startswith(">")] == [
        "> Fenêtre d'au moins 2 s & plus.", "> Budget dépassé.",
    ]  # fmt: skip


def test_a_setting_that_the_card_needs_is_not_left_blank() -> None:
    with pytest.raises(UndefinedError, match="language"):
        card(settings={})
