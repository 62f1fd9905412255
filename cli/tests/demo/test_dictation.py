"""The demo's dictation: it goes on until enough was said to the new model, and ends where no model comes."""

from collections.abc import Sequence

import numpy as np
from carabin.cli.demo.dictation import DemoClip, Outcome, _in_order, _until
from carabin.client import ModelSwitched

CLIPS = [DemoClip(np.zeros(1, np.float32), f"phrase {number}") for number in range(4)]
SWITCH = ModelSwitched(version="new", previous="old")


def spoken(
    switched_after: int | None,
    clips: Sequence[DemoClip] = tuple(_in_order(CLIPS, 2, 1)),
    before: int = 2,
    after: int = 2,
) -> int:
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


def test_first_sentences_come_again_before_each_promotion_and_all_twice_more_where_no_model_comes() -> None:
    order = _in_order(CLIPS, 2, 2)
    assert [clip.sentence[-1] for clip in order] == list("01012301230123")
    assert spoken(switched_after=None, clips=order) == len(order) == 14
