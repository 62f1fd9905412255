"""A thread outlives what its steps raise; one that cannot is named."""

import logging
import queue
import threading
from collections.abc import Callable

import pytest
from carabin.service.threads import LoggedPool, SupervisedThread, ThreadSupervisor
from prometheus_client import CollectorRegistry


def failures(registry: CollectorRegistry, thread: str) -> float:
    return registry.get_sample_value("carabin_thread_failures_total", {"thread": thread}) or 0.0


class Worker:
    """Runs what is put into its queue."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.threads = ThreadSupervisor(self.registry)
        self.calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self.thread: SupervisedThread = self.threads.start("worker", self._step)

    def _step(self) -> bool:
        call = self.calls.get()
        if call is None:
            return False
        call()
        return True


def divide_by_zero() -> None:
    _ = 1 / 0


def exit_thread() -> None:
    raise SystemExit("the patient Dupont")


def test_a_step_that_raises_is_logged_and_counted_and_the_thread_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    worker, done = Worker(), threading.Event()
    worker.calls.put(divide_by_zero)
    worker.calls.put(done.set)
    assert done.wait(20)
    assert failures(worker.registry, "worker") == 1
    [record] = [record for record in caplog.records if record.event == "thread_failure"]  # type: ignore[attr-defined]
    assert (record.error, record.thread_name) == ("ZeroDivisionError", "worker")  # type: ignore[attr-defined]
    assert worker.threads.dead() == ()
    worker.calls.put(None)
    worker.thread.join(20)
    assert not worker.thread.is_alive()
    assert worker.threads.dead() == ()


def test_a_thread_that_cannot_live_is_named_and_its_error_is_logged_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Worker()
    with caplog.at_level(logging.DEBUG):
        worker.calls.put(exit_thread)
        worker.thread.join(20)
    assert worker.threads.dead() == ("worker",)
    assert "Dupont" not in caplog.text
    assert failures(worker.registry, "worker") == 1


def test_a_periodic_call_goes_on_after_it_raised_and_stops_while_it_waits() -> None:
    threads, calls, third = ThreadSupervisor(), [0], threading.Event()

    def call() -> None:
        calls[0] += 1
        if calls[0] == 3:
            third.set()
        divide_by_zero()

    thread = threads.every("periodic", 0.001, call)
    assert third.wait(20)
    thread.stop()
    thread.join(20)
    slow = threads.every("slow", 3600, call)
    slow.stop()
    slow.join(20)
    assert not thread.is_alive()
    assert not slow.is_alive()
    assert threads.dead() == ()


def test_a_call_that_runs_once_does_not_run_again_after_it_raised() -> None:
    registry = CollectorRegistry()
    threads, calls = ThreadSupervisor(registry), []

    def call() -> None:
        calls.append(1)
        divide_by_zero()

    threads.once("closing", call).join(20)
    assert calls == [1]
    assert failures(registry, "closing") == 1
    assert threads.dead() == ()


def test_what_a_pools_call_raises_is_logged_although_nobody_looks_at_its_future(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with LoggedPool(1) as pool:
        pool.submit(exit_thread)
        assert pool.submit(pow, 2, 3).result(20) == 8, "the thread lives"
    [record] = [record for record in caplog.records if record.event == "pool_failure"]  # type: ignore[attr-defined]
    assert record.error == "SystemExit"  # type: ignore[attr-defined]
    assert "Dupont" not in caplog.text
