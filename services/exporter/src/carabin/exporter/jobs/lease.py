"""Renews a lease while the work goes on, and passes a cancel request on to it."""

import threading
from types import TracebackType
from typing import Any, Self

from carabin.registry.errors import CarabinError, StoreError
from carabin.service.threads import SupervisedThread, ThreadSupervisor

from ..errors import ExportCancelled, LeaseLost
from .ledger import Ledger
from .records import ExportRecord, Held, State


class LeaseRenewal:
    """Renews the lease in a supervised thread; `check` raises in the worker's thread what the renewal found.

    A store that does not answer is no reason to stop: if the lease runs out meanwhile and another exporter takes the
    work over, the next renewal that gets through says so, and both would publish the same version anyway.

    Args:
        threads: starts the thread that renews.
        stop: set by the owner of the process to end the work, as on SIGTERM.
    """

    def __init__(
        self, ledger: Ledger, held: Held, threads: ThreadSupervisor, stop: threading.Event | None = None
    ) -> None:
        self._ledger, self._held, self._threads = ledger, held, threads
        self._stop = stop or threading.Event()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._found: CarabinError | None = None
        self._thread: SupervisedThread | None = None

    def __enter__(self) -> Self:
        self._thread = self._threads.every("lease-renewal", self._ledger.renewal_s, self._renew)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread:
            self._thread.stop()
            self._thread.join()

    @property
    def cancelled_on_request(self) -> bool:
        """Whether somebody asked for this export to stop, rather than our own process ending."""
        if isinstance(self._found, ExportCancelled):
            return True
        return self._ledger.read(self.record.name, self.record.id).record.cancel_requested

    @property
    def record(self) -> ExportRecord:
        """Return the record as last written."""
        return self._held.record

    def check(self) -> None:
        """Raise what ends the work.

        Raises:
            ExportCancelled: asked for through the store, or by `stop`.
            LeaseLost: another exporter has the work.
        """
        if self._found:
            raise self._found
        if self._stop.is_set():
            raise ExportCancelled(f"export {self.record.id} of {self.record.checkpoint}: this exporter is stopping")

    def note(self, **changes: Any) -> None:
        """Write `changes` into the record now, then check."""
        self._renew(**changes)
        self.check()

    def finish(self, state: State, reason: str = "") -> ExportRecord:
        """End the lease with an outcome."""
        self._done.set()
        with self._lock:
            return self._ledger.finish(self._held, state, reason)

    def interrupt(self, reason: str, *, counts: bool) -> ExportRecord:
        """End the lease without an outcome, see `Ledger.interrupt`."""
        self._done.set()
        with self._lock:
            return self._ledger.interrupt(self._held, reason, counts=counts)

    def release(self) -> None:
        """Give the lease back although the work is not at a step's end: its process ends now.

        A worker that goes on nevertheless learns from `check` that the lease is no longer its own.
        """
        self._done.set()
        with self._lock:
            record = self.record
            self._found = LeaseLost(f"export {record.id} of {record.checkpoint}: given back, this exporter is ending")
            self._ledger.interrupt(self._held, "its exporter ended", counts=False)

    def _renew(self, **changes: Any) -> None:
        with self._lock:
            if self._done.is_set():
                return
            try:
                self._held = self._ledger.renew(self._held, **changes)
            except (ExportCancelled, LeaseLost) as error:
                self._found = error
                self._done.set()
            except StoreError:
                if changes:
                    raise
