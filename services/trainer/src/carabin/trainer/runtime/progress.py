"""How far a run is, as events for any number of listeners: a terminal, a log, Prometheus, `WatchRun`."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["phase", "advance", "metrics", "note", "end"]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One change; every event carries the run's full state, so that a late listener needs no earlier one."""

    run: str
    kind: Kind
    phase: str = ""
    """What is being done, for a person."""
    done: int = 0
    total: int = 0
    """Of the phase, in its own units; 0 where nobody knows."""
    eta_s: float | None = None
    """Seconds until the phase ends, at its own pace so far."""
    step: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    text: str = ""
    record_failures: int = 0
    """Records of how the run stands that the store did not take, since this process began."""


Listener = Callable[[RunEvent], None]


class Progress:
    """Sends events to listeners; safe to call from several threads.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(
        self, run: str, listeners: tuple[Listener, ...] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.run = run
        self._listeners = list(listeners)
        self._clock = clock
        self._lock = threading.RLock()
        self._phase, self._done, self._total, self._step = "", 0, 0, 0
        self._record_failures = 0
        self._started, self._first = clock(), 0

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    @contextmanager
    def phase(self, name: str, total: int = 0, done: int = 0) -> Iterator[Callable[[int, int], None]]:
        """Name what is done until the block ends; the value given, called with (done, total), moves it."""
        with self._lock:
            self._phase, self._done, self._total = name, done, total
            self._started, self._first = self._clock(), done
        self._notify("phase")
        yield self.advance

    def advance(self, done: int, total: int | None = None) -> None:
        """Report how far the phase is."""
        with self._lock:
            self._done = done
            self._total = self._total if total is None else total
        self._notify("advance")

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Report what was measured at an optimizer step."""
        self._step = step
        self._notify("metrics", metrics=dict(values))

    def note(self, text: str) -> None:
        """Send one sentence for a person to read."""
        self._notify("note", text=text)

    def count_record_failure(self) -> None:
        """Count a record that the store did not take; the next event holds the number."""
        self._record_failures += 1

    def end(self, text: str, values: Mapping[str, float] | None = None) -> None:
        """Report how the run ended."""
        self._notify("end", text=text, metrics=dict(values or {}))

    def _notify(self, kind: Kind, *, text: str = "", metrics: Mapping[str, float] | None = None) -> None:
        event = RunEvent(
            run=self.run,
            kind=kind,
            phase=self._phase,
            done=self._done,
            total=self._total,
            eta_s=self._eta_s(),
            step=self._step,
            metrics=metrics or {},
            text=text,
            record_failures=self._record_failures,
        )
        for listener in tuple(self._listeners):
            listener(event)

    def _eta_s(self) -> float | None:
        moved = self._done - self._first
        if not self._total or moved <= 0:
            return None
        return (self._clock() - self._started) / moved * max(0, self._total - self._done)
