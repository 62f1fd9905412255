"""The place of a job in the queue."""

from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.scheduling.jobs import RECORDING_PATIENCE_S, DecodeJob, Lane, rank
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import speech


def job(lane: Lane, submitted_at: float) -> DecodeJob:
    model = ModelHandle("v1", FakeEngine())
    return DecodeJob(lane, DecodeRequest(speech(1), 750, "fr"), model, lambda *_: None, submitted_at)


def test_the_lane_counts_first_and_then_the_time() -> None:
    jobs = [job(Lane.PARTIAL, 1.0), job(Lane.FINAL, 3.0), job(Lane.FINAL, 2.0), job(Lane.SHADOW, 0.0)]
    ranked = sorted(jobs, key=lambda each: rank(each, 3.0))
    assert [(each.lane, each.submitted_at) for each in ranked] == [
        (Lane.FINAL, 2.0),
        (Lane.FINAL, 3.0),
        (Lane.PARTIAL, 1.0),
        (Lane.SHADOW, 0.0),
    ]


def test_a_recording_that_waited_is_a_first_partial() -> None:
    recording, partial = job(Lane.RECORDING, 0.0), job(Lane.PARTIAL, 0.0)
    assert rank(recording, RECORDING_PATIENCE_S) > rank(partial, RECORDING_PATIENCE_S)
    assert rank(recording, RECORDING_PATIENCE_S + 0.1) < rank(partial, RECORDING_PATIENCE_S + 0.1)
