"""The demo's own parts: a dictation that waits for the swap, and the table at the end."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from carabin.cli.demo.dictation import DemoClip, Outcome, _until
from carabin.cli.demo.tables import errors_table, next_commands
from carabin.client import ModelSwitched
from rich.console import Console

CLIPS = [DemoClip(np.zeros(1, np.float32), f"phrase {number}") for number in range(4)]
SWITCH = ModelSwitched(version="new", previous="old")


def spoken(switched_after: int | None, clips: Sequence[DemoClip] = CLIPS, before: int = 2, after: int = 2) -> int:
    """How many sentences are dictated when the model changes while sentence number `switched_after` is spoken."""
    outcome, count = Outcome(), 0
    for _ in _until(clips, outcome, before, after):
        count += 1
        if count == switched_after:
            outcome.switches.append(SWITCH)
    return count


def test_the_dictation_goes_on_until_enough_was_said_to_the_new_model() -> None:
    assert spoken(switched_after=5) == 7


def test_a_swap_that_is_seen_early_still_leaves_the_stock_model_its_sentences() -> None:
    assert spoken(switched_after=1) == 4


def test_a_swap_that_never_comes_ends_after_three_rounds() -> None:
    assert spoken(switched_after=None) == 3 * len(CLIPS)


@pytest.mark.parametrize(
    ("metrics", "cells"),
    [
        ({"wer": 0.25, "stock_wer": 0.5}, ["50.0 %", "25.0 %", "–"]),
        ({"critical_errors": 3.0, "stock_critical_errors": 12.0}, ["12", "3"]),
    ],
)
def test_the_table_shows_stock_beside_tuned_and_a_dash_for_what_was_not_measured(
    metrics: dict[str, float], cells: list[str]
) -> None:
    text = printed(errors_table(metrics))
    assert all(cell in text for cell in cells)


def test_it_ends_with_where_to_go_on() -> None:
    text = printed(next_commands(9191))
    assert "carabin serve" in text
    assert "http://localhost:9191/metrics" in text


def printed(shown: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
