"""Tests of what the phases of a run share."""

import math

from carabin.trainer.runtime.run import finite


def test_a_metric_that_is_no_number_is_left_out() -> None:
    assert finite({"wer": 0.5, "eval_loss": math.nan, "loss": math.inf, "cer": 0.0}) == {"wer": 0.5, "cer": 0.0}
