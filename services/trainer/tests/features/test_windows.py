"""Tests of audio windows and the batches that share them."""

import numpy as np
import pytest
from carabin.registry.serving_window import FULL_WINDOW
from carabin.trainer.features.windows import GRID_FRAMES, BucketSampler, TrainingWindow

LENGTHS = [int(length) for length in np.random.default_rng(1).integers(150, 1500, 100)]
WINDOWS = [TrainingWindow().draw(length, 0.0) for length in LENGTHS]


def sampler(**changes: object) -> BucketSampler:
    return BucketSampler(WINDOWS, 8, **{"seed": 3, "fixed": False, "trailing": 250, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_window_holds_the_speech_and_silence_after_it(chance: float) -> None:
    window = TrainingWindow(floor=200, margin=50, trailing=250)
    for length in (1, 150, 649, 2900):
        drawn = window.draw(length, chance)
        most = min(length + 50 + 250 + GRID_FRAMES, FULL_WINDOW)
        assert min(length + 50, FULL_WINDOW) <= drawn <= most or drawn == 200
        assert drawn % GRID_FRAMES == 0


def test_no_batch_computes_more_than_its_longest_dictation_and_some_silence() -> None:
    batches = list(sampler())
    for batch in batches:
        longest = max(WINDOWS[draw.index] for draw in batch)
        assert longest <= batch[0].window <= min(FULL_WINDOW, longest + 250 + GRID_FRAMES)
        assert len({draw.window for draw in batch}) == 1
    computed = sum(len(batch) * batch[0].window for batch in batches)
    assert computed < 0.5 * FULL_WINDOW * len(LENGTHS)
    assert len({batch[0].window for batch in batches if max(WINDOWS[d.index] for d in batch) < 1200}) > 1


def test_every_dictation_comes_once_an_epoch_in_another_order() -> None:
    batches = sampler()
    orders = []
    for epoch in (0, 1):
        batches.set_epoch(epoch)
        orders.append([draw.index for batch in batches for draw in batch])
        assert sorted(orders[-1]) == list(range(100))
    assert orders[0] != orders[1]
    batches.set_epoch(0)
    assert [draw.index for batch in batches for draw in batch] == orders[0]


def test_processes_share_each_batch_out() -> None:
    alone = list(sampler())
    shared = [list(sampler(rank=rank, world=2)) for rank in (0, 1)]
    assert [len(part) for part in shared] == [len(alone), len(alone)] == [len(sampler())] * 2
    for whole, first, second in zip(alone, *shared, strict=True):
        if len(whole) > 1:
            assert sorted(draw.index for draw in (*first, *second)) == sorted(draw.index for draw in whole)
        assert {draw.window for draw in (*first, *second)} == {whole[0].window}


def test_dictations_with_cached_states_meet_only_their_own_window() -> None:
    for batch in sampler(fixed=True):
        assert {WINDOWS[draw.index] for draw in batch} == {batch[0].window}
