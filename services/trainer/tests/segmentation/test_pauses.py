"""Tests of where a recording is silent, by its energy alone."""

import numpy as np
import pytest
from carabin.trainer.segmentation.pauses import FRAME_S, find_pauses

from ..helpers.sounds import RATE_HZ, bursts

FRAME = round(FRAME_S * RATE_HZ)


def levels(*stretches: tuple[float, int]) -> np.ndarray:
    """Return noise of the given amplitudes, each for so many frames of 20 ms."""
    draw = np.random.default_rng(0)
    return np.concatenate([level * draw.standard_normal(n * FRAME) for level, n in stretches]).astype(np.float32)


def test_pauses_are_found_where_nobody_speaks() -> None:
    pauses = find_pauses(bursts([2.0, 1.5, 1.0], 0.5))
    assert [round(pause.middle_s, 1) for pause in pauses] == [2.2, 4.2, 5.8]
    assert all(pause.duration_s == pytest.approx(0.5, abs=0.05) for pause in pauses)


@pytest.mark.parametrize("start", range(20, 32))
def test_a_pause_lasts_at_least_ten_frames_wherever_it_begins(start: int) -> None:
    [pause] = find_pauses(levels((0.2, start), (0.0005, 10), (0.2, 20), (0.0005, 9), (0.2, 40)))
    assert pause.start_s == pytest.approx(start * FRAME_S)
    assert pause.end_s == pytest.approx((start + 10) * FRAME_S)


def test_silence_before_the_first_word_and_behind_the_last_is_a_pause() -> None:
    pauses = find_pauses(levels((0.0005, 15), (0.2, 100), (0.0005, 20)))
    assert [(pause.start_s, pause.end_s) for pause in pauses] == [
        pytest.approx((0.0, 0.3)),
        pytest.approx((2.3, 2.7)),
    ]


def test_a_level_counts_as_silent_below_three_tenths_of_the_way_from_the_floor_to_speech() -> None:
    """The floor is at -60 dB and speech at 0 dB, so that the edge is at -42 dB."""
    for level_db, found in ((-45, 2), (-39, 1)):
        samples = levels((1.0, 100), (0.001, 20), (1.0, 30), (10 ** (level_db / 20), 20), (1.0, 30))
        assert len(find_pauses(samples)) == found


def test_a_recording_without_a_change_of_level_or_shorter_than_a_frame_has_no_pause() -> None:
    assert find_pauses(np.full(RATE_HZ, 0.1, np.float32)) == []
    assert find_pauses(np.zeros(RATE_HZ, np.float32)) == []
    assert find_pauses(np.zeros(FRAME - 1, np.float32)) == []
    assert find_pauses(np.zeros(0, np.float32)) == []
