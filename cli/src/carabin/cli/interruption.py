"""Ctrl-C and SIGTERM as a request to stop at the next step, for work that has something to give back."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def until_interrupted() -> Iterator[threading.Event]:
    """Return an event that the first Ctrl-C or SIGTERM sets; the second does what it did before.

    Whoever asks twice does not want to wait for the step to end.
    """
    stop = threading.Event()
    previous: dict[int, Any] = {}

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, previous[number])

    for each in (signal.SIGINT, signal.SIGTERM):
        previous[each] = signal.signal(each, ask)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
