"""Exports run one at a time, and every one of them is reached by a stop, a cancel and its own end."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from carabin.exporter.errors import ExportCancelled, ExporterError, QueueFull
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.queue import Jobs
from carabin.exporter.jobs.request import ExportRequest
from carabin.exporter.metrics import ExporterMetrics
from carabin.exporter.sources import FolderCheckpoint
from carabin.registry.testing.memory import MemoryStore
from carabin.service.threads import ThreadSupervisor
from prometheus_client import CollectorRegistry

from ..conftest import FatalFault, wait_for

Export = Callable[[ExportRequest, threading.Event], None]


class HeldExporter(Exporter):
    """Stays in a step until it may go on, as a long conversion does."""

    def __init__(self, store: MemoryStore, work: Path) -> None:
        super().__init__(store, "models", Ledger(store, "models", "held"), work)
        self.began, self.go_on = threading.Event(), threading.Event()
        self.released = False

    def export(self, request, report=lambda _: None, stop=None):  # type: ignore[no-untyped-def]
        self.began.set()
        self.go_on.wait()
        if stop and stop.is_set():
            raise ExportCancelled("stopped")
        return []

    def release(self) -> None:
        self.released = True


@pytest.fixture
def held(store: MemoryStore, tmp_path: Path) -> HeldExporter:
    return HeldExporter(store, tmp_path)


def jobs_of(exporter: Exporter, threads: ThreadSupervisor | None = None, max_waiting: int = 4) -> Jobs:
    registry = CollectorRegistry()
    jobs = Jobs(exporter, ExporterMetrics(registry), max_waiting, threads or ThreadSupervisor(registry))
    jobs.start()
    return jobs


def request(folder: Path, *forms: str) -> ExportRequest:
    return ExportRequest(FolderCheckpoint(folder), "cardio", forms or ("float16",))


def test_a_stop_reaches_the_export_that_a_wider_request_superseded(held: HeldExporter, tmp_path: Path) -> None:
    jobs = jobs_of(held)
    first = jobs.submit(request(tmp_path))
    held.began.wait(30)
    wider = jobs.submit(request(tmp_path, "float16", "int8"))
    assert wider is not first
    assert jobs.unfinished(first.id) == (first, wider)
    stopping = threading.Thread(target=jobs.stop)
    stopping.start()
    wait_for(first.stop.is_set)
    held.go_on.set()
    stopping.join()
    assert isinstance(first.error, ExportCancelled)
    assert not held.released


def test_the_same_or_fewer_forms_join_the_job_that_is_there(held: HeldExporter, tmp_path: Path) -> None:
    jobs = jobs_of(held)
    first = jobs.submit(request(tmp_path, "float16", "int8"))
    assert jobs.submit(request(tmp_path, "int8")) is first
    held.go_on.set()
    jobs.stop()


def test_more_than_may_wait_are_refused(held: HeldExporter, tmp_path: Path) -> None:
    jobs = jobs_of(held, max_waiting=1)
    jobs.submit(request(tmp_path))
    with pytest.raises(QueueFull, match="1 exports wait"):
        jobs.submit(request(tmp_path, "int8"))
    held.go_on.set()
    jobs.stop()


def test_what_runs_does_not_wait(held: HeldExporter, tmp_path: Path) -> None:
    registry = CollectorRegistry()
    jobs = Jobs(held, ExporterMetrics(registry), 4, ThreadSupervisor(registry))

    def shown() -> list[float | None]:
        return [registry.get_sample_value(f"carabin_exporter_{name}") for name in ("running", "waiting")]

    first = jobs.submit(request(tmp_path))
    assert shown() == [0, 1]
    jobs.start()
    held.began.wait(30)
    assert shown() == [1, 0]
    jobs.submit(request(tmp_path, "int8"))
    assert shown() == [1, 1]
    held.go_on.set()
    wait_for(lambda: first.finished)
    jobs.stop()
    assert shown() == [0, 0]


def test_an_export_in_a_long_step_has_its_lease_given_back_when_the_process_ends(
    held: HeldExporter, tmp_path: Path
) -> None:
    jobs = jobs_of(held)
    jobs.submit(request(tmp_path))
    held.began.wait(30)
    jobs.stop(grace_s=0)
    assert held.released
    held.go_on.set()
    jobs.stop()


@pytest.mark.parametrize("error", [RuntimeError("bug"), FatalFault()])
def test_a_job_ends_for_its_listeners_whatever_ends_its_export(
    held: HeldExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(held, "export", fail)
    threads = ThreadSupervisor(CollectorRegistry())
    jobs = jobs_of(held, threads)
    job = jobs.submit(request(tmp_path))
    assert [step.stage for step in job.follow() if step] == ["queued"]
    assert isinstance(job.error, ExporterError)
    assert "crashed" in str(job.error)
    if isinstance(error, FatalFault):
        wait_for(threads.dead)
        assert threads.dead() == ("exports",)
    else:
        held_again = jobs.submit(request(tmp_path))
        assert [step.stage for step in held_again.follow() if step] == ["queued"]
        assert threads.dead() == ()
    jobs.stop()
