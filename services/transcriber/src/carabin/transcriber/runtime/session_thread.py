"""The one thread on which all sessions live, so that none of them needs a lock and the event loop stays free."""

import logging
import queue
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

Call = Callable[[], None]


def describe(error: BaseException) -> dict[str, str]:
    """Return an error's kind and place for a log; never its text, which may hold what was dictated."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "where": where}


class SessionThread:
    """Runs calls one after the other, in the order in which they were posted."""

    def __init__(self, name: str = "sessions") -> None:
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def post(self, call: Call) -> None:
        """Run `call` soon; safe from any thread."""
        self._calls.put(call)

    def stop(self) -> None:
        """Run what was posted so far, then end."""
        self._calls.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception as error:  # a session guards itself; whatever is left must not end the others
                log.error("a call failed", extra={"event": "reactor_error"} | describe(error))
