"""Which model answers: one reference, and a count of the utterances that hold each version.

A swap is one assignment. Utterances keep the model they began with; the old one is freed when the last of them is
final, so no hypothesis mixes two models and no session waits.
"""

import logging
import threading
from collections.abc import Callable

from .engine import Engine
from .errors import NotReady

log = logging.getLogger(__name__)


class ModelHandle:
    """A loaded version and how many utterances hold it."""

    def __init__(self, version: str, engine: Engine) -> None:
        self.version = version
        self.engine = engine
        self.leases = 0
        self.retired = False
        self.closed = False
        self.idle = threading.Event()
        """Set when the version was replaced and nobody holds it any more."""


class ModelSlot:
    """Thread-safe.

    Args:
        on_free: called without the lock, on whatever thread gave back the last lease of a retired model.
    """

    def __init__(self, on_free: Callable[[ModelHandle], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._current: ModelHandle | None = None
        self._why_empty = "no model was loaded yet"
        self._on_free = on_free or (lambda handle: handle.engine.close())

    @property
    def current(self) -> ModelHandle | None:
        return self._current

    def lease(self) -> ModelHandle:
        """Take the current model for one utterance; give it back with `release`.

        Raises:
            NotReady: the slot is empty.
        """
        with self._lock:
            if self._current is None:
                raise NotReady(self._why_empty)
            self._current.leases += 1
            return self._current

    def retain(self, handle: ModelHandle) -> None:
        """Hold a model that is held already once more, for a decode of its own."""
        with self._lock:
            handle.leases += 1

    def release(self, handle: ModelHandle) -> None:
        with self._lock:
            handle.leases -= 1
            free = handle.retired and handle.leases == 0
        if free:
            handle.idle.set()
            self._on_free(handle)

    def install(self, handle: ModelHandle | None, why_empty: str = "") -> ModelHandle | None:
        """Make `handle` the current model; return the one before, which is freed when nobody holds it."""
        with self._lock:
            before, self._current = self._current, handle
            self._why_empty = why_empty
            if before is not None:
                before.retired = True
            free = before is not None and before.leases == 0
        if free and before is not None:
            before.idle.set()
            self._on_free(before)
        return before
