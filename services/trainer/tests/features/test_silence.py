"""Tests of recordings without speech and of the labels that teach them."""

from pathlib import Path

import numpy as np
from carabin.trainer.features.labels import LabelMaker
from carabin.trainer.features.silence import silences


def test_recordings_differ_from_each_other_and_a_seed_repeats_them() -> None:
    first, again = silences(10, 1), silences(10, 1)
    assert [each.sha256 for each in first] == [each.sha256 for each in again]
    assert len({each.sha256 for each in first}) == 10
    assert all(each.sentence == "" and 1.0 <= each.duration_s <= 6.0 for each in first)
    levels = [float(np.sqrt(np.mean(each.audio**2))) for each in first]
    assert max(levels) < 0.2


def test_silence_is_answered_by_the_end_at_once(rebuilt: Path) -> None:
    make = LabelMaker(rebuilt)
    assert make("", 3.0).targets[-2:] == [-100, 50257]
    timed = make("", 3.0, timestamps=True)
    assert timed.targets[-2:] == [50364, 50257]
