"""Supervised threads: an iteration that raises is logged and counted, and its thread goes on.

A thread that ends without being asked to, which only a `BaseException` outside `Exception` can cause, is named by
`ThreadSupervisor.dead()`; a service's liveness probe fails while that names any.

    threads = ThreadSupervisor(registry)
    worker = threads.start("worker", handle_next)       # called until it returns False or `worker.stop()`
    sweeper = threads.every("sweeper", 60.0, sweep)     # called each minute
    threads.once("closing", store.close)                # called once

`LoggedPool` is for a library that wants a pool and does not look at what its calls raised.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter

from .logging import describe_error

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Outcome = TypeVar("Outcome")

Step = Callable[[], bool | None]
"""One iteration; False ends the thread, anything else lets it go on."""

FIRST_PAUSE_S = 0.05
"""Between two failures in a row, doubled with each further one: a step that always fails must not take a whole core."""
LONGEST_PAUSE_S = 5.0
"""The pause does not grow further: what failed for an hour should notice within seconds that it works again."""


class SupervisedThread:
    """One thread that outlives the failures of its steps; made by a `ThreadSupervisor`."""

    def __init__(self, name: str, step: Callable[["SupervisedThread"], bool | None], failures: Counter) -> None:
        self.name = name
        self.stopping = threading.Event()
        """Set by `stop()`; a step that waits should wait on it."""
        self._step = step
        self._failures = failures.labels(name)
        self._ended = False
        self._in_a_row = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def dead(self) -> bool:
        """Whether the thread ended although nobody asked for it."""
        return self._thread.ident is not None and not self._thread.is_alive() and not self._ended

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after the current step; returns at once."""
        self.stopping.set()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the thread has ended, at most `timeout_s`; a thread does not wait for itself."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self.stopping.is_set() and self._try_step() is not False:
                pass
            self._ended = True
        except BaseException as error:  # nothing is above this frame that could log it
            self._failures.inc()
            extra = {"event": "thread_died", "thread_name": self.name}
            log.critical("a thread died", extra=extra | describe_error(error))

    def _try_step(self) -> bool | None:
        try:
            outcome = self._step(self)
        except Exception as error:
            self._failures.inc()
            self._in_a_row += 1
            extra = {"event": "thread_failure", "thread_name": self.name, "in_a_row": self._in_a_row}
            log.error("an iteration failed", extra=extra | describe_error(error))
            if self._in_a_row > 1:
                self.stopping.wait(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._in_a_row - 2, 16)))
            return None
        self._in_a_row = 0
        return outcome


class ThreadSupervisor:
    """Starts the threads of one service and says which of them died.

    Args:
        registry: where `carabin_thread_failures_total` is counted, by thread; None counts it nowhere.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._lock = threading.Lock()
        self._threads: list[SupervisedThread] = []
        self._failures = Counter(
            "carabin_thread_failures_total", "Iterations of a thread that raised", ("thread",), registry=registry
        )

    def start(self, name: str, step: Step) -> SupervisedThread:
        """Run `step` over and over in a daemon thread, until it returns False or the thread is stopped."""
        return self._start(name, lambda _: step())

    def every(self, name: str, interval_s: float, call: Callable[[], object]) -> SupervisedThread:
        """Run `call` once in each interval, the first time after one interval; `stop()` interrupts the wait."""

        def step(thread: SupervisedThread) -> bool:
            if thread.stopping.wait(interval_s):
                return False
            call()
            return True

        return self._start(name, step)

    def once(self, name: str, call: Callable[[], object]) -> SupervisedThread:
        """Run `call` one time; its failure is logged and counted, and nothing runs again."""

        def step(thread: SupervisedThread) -> bool:
            thread.stop()
            call()
            return False

        return self._start(name, step)

    def _start(self, name: str, step: Callable[[SupervisedThread], bool | None]) -> SupervisedThread:
        thread = SupervisedThread(name, step, self._failures)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive() or each.dead]
            thread.start()
            self._threads.append(thread)
        return thread

    def dead(self) -> tuple[str, ...]:
        """Return the names of the threads that ended although nobody asked for it."""
        with self._lock:
            return tuple(thread.name for thread in self._threads if thread.dead)


class LoggedPool(ThreadPoolExecutor):
    """A pool whose calls' exceptions are logged, whoever looks at their futures; its threads outlive them all."""

    def submit(
        self, call: Callable[Arguments, Outcome], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Outcome]:
        """Run `call` on one of the pool's threads."""
        future = super().submit(call, *args, **kwargs)
        future.add_done_callback(_log_failure)
        return future


def _log_failure(future: Future[Outcome]) -> None:
    if not future.cancelled() and (error := future.exception()):
        log.error("a pool's call failed", extra={"event": "pool_failure"} | describe_error(error))
