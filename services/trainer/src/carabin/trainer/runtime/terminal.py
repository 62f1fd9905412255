"""A run in front of a person: bars with their time left on a terminal, plain lines in a container's log."""

import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .progress import RunEvent

LINE_EVERY_S: Final = 15.0
"""Seconds between two plain lines of one phase: a log shows that work goes on and stays short."""

log = logging.getLogger(__name__)


class Shown(Protocol):
    """A listener to be closed before something else is written to the terminal."""

    def __call__(self, event: RunEvent) -> None: ...

    def close(self) -> None: ...


class Bars:
    """One bar per phase, with what was measured above it."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=console)
        self._task: TaskID | None = None
        self._bars.start()

    def __call__(self, event: RunEvent) -> None:
        if event.kind == "phase":
            self._finish()
            self._task = self._bars.add_task(event.phase, total=event.total or None, completed=event.done)
        elif event.kind == "advance" and self._task is not None:
            self._bars.update(self._task, completed=event.done, total=event.total or None)
        elif text := sentence(event):
            self._bars.console.print(f"  {text}", highlight=False, markup=False)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._finish()
        self._bars.stop()

    def _finish(self) -> None:
        if self._task is not None:
            task = self._bars.tasks[self._bars.task_ids.index(self._task)]
            self._bars.update(self._task, total=task.total or 1, completed=task.total or 1)


class Lines:
    """Log records, one a phase, then one every `LINE_EVERY_S` at most."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = float("-inf")

    def __call__(self, event: RunEvent) -> None:
        if event.kind == "advance":
            if self._clock() - self._last < LINE_EVERY_S:
                return
            eta = f", {event.eta_s:.0f} s left" if event.eta_s is not None else ""
            text = f"{event.phase}: {event.done}/{event.total or '?'}{eta}"
        else:
            text = sentence(event) or event.phase
        self._last = self._clock()
        log.info(
            text, extra={"event": f"run_{event.kind}", "run": event.run, "step": event.step, **dict(event.metrics)}
        )

    def close(self) -> None:
        """Nothing to undo."""


def sentence(event: RunEvent) -> str:
    """Return what a person wants to read of an event; empty where the bar says it."""
    values = ", ".join(f"{name} {value:.4g}" for name, value in event.metrics.items())
    if event.kind == "metrics":
        return f"step {event.step}: {values}"
    return " ".join(part for part in (event.text, values) if part)


def show(console: Console) -> Shown:
    """Return bars on a terminal, log lines elsewhere."""
    return Bars(console) if console.is_terminal else Lines()
