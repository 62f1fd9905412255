"""The thread of all sessions: in order, one at a time, and a call that fails ends no other."""

import threading

import pytest
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.runtime.session_thread import SessionThread
from prometheus_client import CollectorRegistry


@pytest.fixture
def thread() -> SessionThread:
    return SessionThread(ThreadSupervisor(CollectorRegistry()))


def test_calls_run_in_their_order_on_one_thread_that_is_not_the_callers(thread: SessionThread) -> None:
    seen: list[tuple[int, int]] = []
    for number in range(100):
        thread.post(lambda number=number: seen.append((number, threading.get_ident())))
    thread.start()
    thread.stop()
    assert [number for number, _ in seen] == list(range(100))
    assert len({where for _, where in seen}) == 1
    assert seen[0][1] != threading.get_ident()


def test_what_was_posted_before_the_stop_is_run_and_what_comes_after_is_not(thread: SessionThread) -> None:
    seen: list[str] = []
    thread.start()
    held, go_on = threading.Event(), threading.Event()
    thread.post(lambda: (held.set(), go_on.wait(10)))
    assert held.wait(10)
    thread.post(lambda: seen.append("before"))
    stopping = threading.Thread(target=thread.stop)
    stopping.start()
    go_on.set()
    stopping.join()
    thread.post(lambda: seen.append("after"))
    assert seen == ["before"]


def test_a_call_that_raises_ends_no_other(thread: SessionThread) -> None:
    seen: list[str] = []
    thread.post(lambda: 1 / 0)
    thread.post(lambda: seen.append("next"))
    thread.start()
    thread.stop()
    assert seen == ["next"]


def test_a_thread_that_was_never_started_is_stopped_at_once(thread: SessionThread) -> None:
    thread.stop()
