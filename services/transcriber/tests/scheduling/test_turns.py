"""Models that share a device wait for each other's batches, not for each other's queues."""

from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.scheduling.jobs import DecodeJob, Lane
from carabin.transcriber.scheduling.turns import ModelTurns
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import speech

CARDIOLOGY = ModelHandle("v1", FakeEngine(), name="cardiologie")
CANARY = ModelHandle("v2", FakeEngine(), name="cardiologie")
RADIOLOGY = ModelHandle("v1", FakeEngine(), name="radiologie")


def job(model: ModelHandle, lane: Lane = Lane.FINAL) -> DecodeJob:
    return DecodeJob(lane, DecodeRequest(speech(1), 750, "fr"), model, lambda *_: None)


def test_models_take_turns_inside_a_lane() -> None:
    turns = ModelTurns()
    waiting = [*(job(CARDIOLOGY) for _ in range(4)), job(RADIOLOGY), job(RADIOLOGY)]
    served = []
    while waiting:
        served.append(turns.next(waiting))
        waiting.remove(served[-1])
    names = [each.model.name[0] for each in served]
    assert "".join(names) == "crcrcc"


def test_final_of_the_model_that_was_just_served_goes_before_a_partial_of_the_other() -> None:
    turns = ModelTurns()
    turns.next([job(CARDIOLOGY)])
    final = job(CARDIOLOGY)
    assert turns.next([final, job(RADIOLOGY, Lane.PARTIAL)]) is final


def test_versions_of_one_model_keep_the_order_of_their_jobs() -> None:
    turns = ModelTurns()
    turns.next([job(CARDIOLOGY)])
    first = job(CARDIOLOGY)
    assert turns.next([first, job(CANARY)]) is first
