"""The one thread on which all sessions live, so that none of them needs a lock and the event loop stays free."""

import queue
from collections.abc import Callable

from carabin.service.threads import SupervisedThread, ThreadSupervisor

Call = Callable[[], None]


class SessionThread:
    """Runs calls one after the other, in the order in which they were posted; a call that raises ends no other."""

    def __init__(self, threads: ThreadSupervisor, name: str = "sessions") -> None:
        self._threads = threads
        self._name = name
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._thread: SupervisedThread | None = None

    def start(self) -> None:
        """Begin to run what is posted."""
        self._thread = self._threads.start(self._name, self._run_next)

    def post(self, call: Call) -> None:
        """Run `call` soon; safe from any thread."""
        self._calls.put(call)

    def stop(self) -> None:
        """Run what was posted so far, then end."""
        self._calls.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run_next(self) -> bool:
        call = self._calls.get()
        if call is None:
            return False
        call()
        return True
