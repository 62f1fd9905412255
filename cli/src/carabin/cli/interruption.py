"""Ctrl-C and SIGTERM as a request to stop at the next step, for work that has something to give back."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

INTERRUPTED: Final = 130
"""A shell's exit code for what Ctrl-C ended."""

SIGNALLED = 128
"""What a shell adds to a signal's number for the exit code of what it ended."""
_ENDING = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""


class Interruption(threading.Event):
    """Set by a signal; `exit_code` is a shell's for what that signal ended."""

    exit_code: int = INTERRUPTED


@contextmanager
def until_interrupted() -> Iterator[Interruption]:
    """Return an event that the first Ctrl-C or SIGTERM sets; the second does what it did before.

    Whoever asks twice does not want to wait for the step to end.
    """
    stop = Interruption()
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: object) -> None:
        stop.exit_code = SIGNALLED + number
        stop.set()
        signal.signal(number, previous[signal.Signals(number)])

    with _handled(previous, ask):
        yield stop


@contextmanager
def asked_twice(stop: Callable[[], object], cancel: Callable[[], object]) -> Iterator[list[int]]:
    """Call `stop` at the first Ctrl-C, SIGTERM or SIGHUP, and `cancel` at the next, in the running event loop.

    Yields:
        The signals' numbers so far. A SIGHUP counts once, as a terminal that closes sends it several times; where it
        is ignored, as under nohup, it stays ignored.
    """
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if number in seen and number not in (signal.SIGINT, signal.SIGTERM):
            return
        seen.append(number)
        loop.call_soon_threadsafe(stop if len(seen) == 1 else cancel)

    previous = {
        number: before
        for number in _ENDING
        if (before := signal.getsignal(number)) is not signal.SIG_IGN or number in (signal.SIGINT, signal.SIGTERM)
    }
    with _handled(previous, ask):
        yield seen


@contextmanager
def _handled(previous: Mapping[signal.Signals, Any], handler: Callable[[int, object], None]) -> Iterator[None]:
    """Let `handler` take these signals in the block, and what took them before behind it."""
    try:
        for number in previous:
            signal.signal(number, handler)
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
