"""One queue is fair to all sessions, and one bad request harms none but itself."""

import threading

import pytest
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.errors import DecodeFailed
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.scheduling.jobs import DecodeJob, Lane
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.scheduler import Scheduler
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import speech


class ManualScheduler:
    """A scheduler whose clock and workers are the test's."""

    def __init__(self, engine: FakeEngine | None = None) -> None:
        self.time_s = 0.0
        self.metrics = Metrics()
        self.model = ModelHandle("v1", engine or FakeEngine())
        self.scheduler = Scheduler(
            self.metrics, LoadController(), ThreadSupervisor(), workers=0, clock=lambda: self.time_s
        )
        self.outcomes: dict[int, Hypothesis | DecodeFailed] = {}

    def submit(self, lane: Lane, *, seconds: float = 1, prompt: int = 0, model: ModelHandle | None = None) -> DecodeJob:
        request = DecodeRequest(speech(seconds), 750, "fr", prompt=tuple(range(prompt)))
        job = DecodeJob(
            lane, request, model or self.model, lambda job, outcome: self.outcomes.update({id(job): outcome})
        )
        self.scheduler.submit(job)
        return job

    def take(self) -> list[DecodeJob]:
        return self.scheduler.take() or []

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"carabin_transcriber_{name}", labels) or 0.0


def test_finals_go_before_guesses_first_partials_partials_and_recordings() -> None:
    manual = ManualScheduler(FakeEngine(max_batch=1))
    jobs = [manual.submit(lane) for lane in reversed(Lane)]
    taken = [manual.take()[0] for _ in jobs]
    assert [job.lane for job in taken] == list(Lane)


def test_one_final_waits_for_one_batch_of_a_busier_model() -> None:
    manual = ManualScheduler()
    busy = ModelHandle("v1", FakeEngine(max_batch=4), name="cardiologie")
    quiet = ModelHandle("v1", FakeEngine(max_batch=4), name="radiologie")
    for _ in range(12):
        manual.submit(Lane.FINAL, model=busy)
    manual.time_s = 1
    manual.submit(Lane.FINAL, model=quiet)
    batches = [manual.take() for _ in range(4)]
    assert [(batch[0].model.name, len(batch)) for batch in batches] == [
        ("cardiologie", 4), ("radiologie", 1), ("cardiologie", 4), ("cardiologie", 4)
    ]  # fmt: skip


def test_within_a_lane_the_oldest_goes_first() -> None:
    manual = ManualScheduler(FakeEngine(max_batch=1))
    first = manual.submit(Lane.PARTIAL)
    manual.time_s = 1
    manual.submit(Lane.PARTIAL)
    assert manual.take() == [first]


def test_a_recording_that_waited_goes_before_live_partials() -> None:
    manual = ManualScheduler(FakeEngine(max_batch=1))
    recording = manual.submit(Lane.RECORDING)
    manual.time_s = 2
    manual.submit(Lane.PARTIAL)
    assert manual.take() == [recording]


def test_requests_of_several_sessions_share_a_batch() -> None:
    manual = ManualScheduler(FakeEngine(max_batch=4))
    jobs = [manual.submit(Lane.FINAL) for _ in range(5)]
    assert manual.take() == jobs[:4]
    assert manual.take() == jobs[4:]


def test_different_prompts_never_meet_in_a_batch() -> None:
    manual = ManualScheduler()
    jobs = [manual.submit(Lane.FINAL, prompt=length) for length in (0, 16, 0, 16)]
    while manual.scheduler.waiting:
        manual.scheduler.decode(manual.take())
    assert [len(batch) for batch in manual.model.engine.batches] == [2, 2]  # type: ignore[attr-defined]
    assert all(isinstance(manual.outcomes[id(job)], Hypothesis) for job in jobs)


def test_two_models_never_meet_in_a_batch() -> None:
    manual = ManualScheduler()
    old, new = manual.submit(Lane.FINAL), manual.submit(Lane.FINAL, model=ModelHandle("v2", FakeEngine("neuf")))
    assert [manual.take(), manual.take()] == [[old], [new]]


def test_a_newer_partial_takes_the_place_of_the_waiting_one() -> None:
    manual = ManualScheduler()
    job = manual.submit(Lane.PARTIAL, seconds=1)
    newer = DecodeRequest(speech(2), 750, "fr")
    assert manual.scheduler.replace(job, newer)
    assert manual.take()[0].request is newer
    assert not manual.scheduler.waiting
    assert manual.metric("coalesced_partials_total") == 1
    assert not manual.scheduler.replace(job, newer)


def test_a_failing_request_fails_alone() -> None:
    def picky(request: DecodeRequest) -> Hypothesis:
        if len(request.samples) == 48000:
            raise ValueError("cannot")
        return FakeEngine().transcribe(request)

    manual = ManualScheduler(FakeEngine(script=picky))
    good, bad, other = manual.submit(Lane.FINAL), manual.submit(Lane.FINAL, seconds=3), manual.submit(Lane.FINAL)
    manual.scheduler.decode(manual.take())
    assert isinstance(manual.outcomes[id(good)], Hypothesis)
    assert isinstance(manual.outcomes[id(other)], Hypothesis)
    assert isinstance(manual.outcomes[id(bad)], DecodeFailed)
    assert manual.metric("decode_failures_total") == 1


def test_an_engines_error_text_is_not_passed_on() -> None:
    def leaky(_: DecodeRequest) -> Hypothesis:
        raise RuntimeError("patient Dupont")

    manual = ManualScheduler(FakeEngine(script=leaky))
    job = manual.submit(Lane.FINAL)
    manual.scheduler.decode(manual.take())
    assert "Dupont" not in str(manual.outcomes[id(job)])


def test_a_cancelled_job_is_not_decoded() -> None:
    manual = ManualScheduler()
    job = manual.submit(Lane.PARTIAL)
    assert manual.scheduler.cancel(job)
    assert not manual.scheduler.waiting


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_decode_until_stopped(workers: int) -> None:
    done = threading.Semaphore(0)
    scheduler = Scheduler(Metrics(), LoadController(), ThreadSupervisor(), workers=workers)
    scheduler.start()
    model = ModelHandle("v1", FakeEngine())
    for _ in range(10):
        scheduler.submit(DecodeJob(Lane.FINAL, DecodeRequest(speech(1), 750, "fr"), model, lambda *_: done.release()))
    assert all(done.acquire(timeout=10) for _ in range(10))
    scheduler.stop()


def test_a_worker_is_free_while_fewer_jobs_wait_or_are_decoded_than_there_are_workers() -> None:
    gate, threads, metrics = threading.Event(), ThreadSupervisor(), Metrics()
    engine = FakeEngine(gate=gate, max_batch=1)
    scheduler = Scheduler(metrics, LoadController(), threads, workers=2)
    done = threading.Semaphore(0)
    free = [scheduler.has_free_worker]
    for _ in range(2):
        request = DecodeRequest(speech(1), 750, "fr")
        scheduler.submit(DecodeJob(Lane.FINAL, request, ModelHandle("v1", engine), lambda *_: done.release()))
        free.append(scheduler.has_free_worker)
    scheduler.start()
    free.append(scheduler.has_free_worker)
    gate.set()
    for _ in range(2):
        assert done.acquire(timeout=30)
    scheduler.stop()
    assert free == [True, True, False, False]
    assert scheduler.has_free_worker
