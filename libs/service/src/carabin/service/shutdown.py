"""Stopping in order: one flag that signals raise and that every loop asks."""

import signal
import threading
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopFlag:
    """Raised once, by a signal or by the program; threads wait on it in place of sleeping."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""

    @property
    def reason(self) -> str:
        """Who asked first, such as SIGTERM; empty while nobody has."""
        return self._reason

    def set(self, reason: str = "asked") -> None:
        """Ask everyone to stop; the first reason stays."""
        if not self._event.is_set():
            self._reason = reason
            self._event.set()

    def is_set(self) -> bool:
        """Say whether to stop."""
        return self._event.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Sleep until stopped or until `timeout_s` have passed; return whether stopped."""
        return self._event.wait(timeout_s)


def install(callback: Callable[[str], None]) -> None:
    """Call `callback` with the signal's name at the first SIGTERM or SIGINT; a second one ends the process at once.

    From the main thread only, as Python wants it. The callback runs between two instructions of the main thread:
    let it set a flag and return.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        callback(signal.Signals(number).name)

    for number in SIGNALS:
        signal.signal(number, handle)


def stop_on_signals(flag: StopFlag | None = None) -> StopFlag:
    """Return a flag, `flag` or a new one, that SIGTERM and SIGINT set."""
    flag = flag or StopFlag()
    install(flag.set)
    return flag
