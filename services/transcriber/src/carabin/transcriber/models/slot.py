"""Which model answers: one reference, and a count of the utterances that hold each version.

A swap is one assignment. Utterances keep the model they began with; the old one is freed when the last of them is
final, so no hypothesis mixes two models and no session waits.
"""

import threading
from collections.abc import Callable
from typing import Protocol

from ..core.errors import NotReady
from ..inference.engine import Engine


class ModelHandle:
    """A loaded version and how many utterances hold it; thread-safe.

    Args:
        name: of the model that this is a version of.
        on_free: called once, when the version was replaced and nobody holds it any more, on whatever thread gave
            the last lease back.
    """

    def __init__(
        self,
        version: str,
        engine: Engine,
        on_free: "Callable[[ModelHandle], None] | None" = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.version = version
        self.engine = engine
        self.leases = 0
        self.idle = threading.Event()
        """Set when the version was replaced and nobody holds it any more."""
        self._on_free = on_free or (lambda handle: handle.engine.close())
        self._retired = False
        self._lock = threading.Lock()

    @property
    def is_retired(self) -> bool:
        """Whether it was replaced: whoever still holds it keeps its memory from others."""
        return self._retired

    def try_retain(self) -> bool:
        """Hold the model for an utterance or a decode; False if it is free already."""
        with self._lock:
            if self.idle.is_set():
                return False
            self.leases += 1
            return True

    def release(self) -> None:
        """Give one hold back."""
        with self._lock:
            self.leases -= 1
            free = self._freed()
        if free:
            self._on_free(self)

    def retire(self) -> None:
        """No new utterance will hold it."""
        with self._lock:
            self._retired = True
            free = self._freed()
        if free:
            self._on_free(self)

    def _freed(self) -> bool:
        if self._retired and self.leases == 0 and not self.idle.is_set():
            self.idle.set()
            return True
        return False


class Slot(Protocol):
    """Where utterances get their model."""

    @property
    def current(self) -> ModelHandle | None:
        """The model that the next utterance would get, not held."""

    def lease(self) -> ModelHandle:
        """Hold the current model for one utterance; give it back with `release`.

        Raises:
            NotReady: there is none.
        """


class ModelSlot:
    """Holds one version at a time; thread-safe."""

    def __init__(self) -> None:
        self._current: ModelHandle | None = None
        self._why_empty = "no model was loaded yet"

    @property
    def current(self) -> ModelHandle | None:
        return self._current

    def lease(self) -> ModelHandle:
        while (handle := self._current) is not None:
            # One that was replaced and freed between the two lines is not current any more.
            if handle.try_retain():
                return handle
        raise NotReady(self._why_empty)

    def install(self, handle: ModelHandle | None, why_empty: str = "") -> ModelHandle | None:
        """Make `handle` the current model; return the one before, which is freed when nobody holds it."""
        self._why_empty = why_empty
        before, self._current = self._current, handle
        if before is not None:
            before.retire()
        return before


class TrialSlot:
    """The slot of a session that was drawn for the canary: its next utterance is on production when the canary ends."""

    def __init__(self, canary: ModelSlot, production: ModelSlot) -> None:
        self._canary = canary
        self._production = production

    @property
    def current(self) -> ModelHandle | None:
        return self._canary.current or self._production.current

    def lease(self) -> ModelHandle:
        try:
            return self._canary.lease()
        except NotReady:
            return self._production.lease()
