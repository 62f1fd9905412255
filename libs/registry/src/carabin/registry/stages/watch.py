"""Watching for promotions: polling is the truth, a store's notifications only wake it early.

Nothing here starts a thread: who watches runs `changes` and `listen` in threads that it supervises.
"""

import logging
import random
import threading
from collections.abc import Iterator

from ..errors import RegistryError
from ..layout import safe_name
from ..store import ObjectStore
from .follow import DecisionReader
from .resolve import Decision

log = logging.getLogger(__name__)

MAX_BACKOFF = 8
"""An outage is asked about at most this many intervals apart: two minutes at the default."""
LISTEN_AGAIN_S = 300.0
"""A store without notifications, or one that dropped the stream, is asked for them again after this long."""


class ModelWatcher:
    """Follows one model's Decision; store errors are logged and counted, and never end it.

    Args:
        interval_s: seconds between two polls.
        jitter: each wait is longer or shorter by up to this share, so that many services do not poll in step.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        name: str,
        interval_s: float = 15.0,
        jitter: float = 0.2,
    ) -> None:
        self._store, self._bucket, self._name = store, bucket, safe_name(name)
        self._interval_s, self._jitter = interval_s, jitter
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._reader = DecisionReader(store, bucket, self._name, interval_s)
        self._scan = threading.Event()
        """Set where a notification says that something changed, perhaps a tag that no log names."""
        self._failures = 0
        self._last_error: str | None = None

    @property
    def last_error(self) -> str | None:
        """Why the newest poll failed, or None if it did not: the decision may be out of date."""
        return self._last_error

    def changes(self) -> Iterator[Decision]:
        """Yield the Decision as it is, then each one that differs, blocking in between; ends after `stop`."""
        seen: Decision | None = None
        while not self._stopped.is_set():
            self._wake.clear()
            decision = self._poll()
            if decision is not None and decision != seen:
                seen = decision
                yield decision
            if not self._stopped.is_set():
                self._wake.wait(self._pause_s())

    def wake(self) -> None:
        """Poll now."""
        self._wake.set()

    def listen(self) -> bool:
        """Let the store's own notifications, where it has them, wake the poll until it ends them; then wait.

        One iteration of a thread of the caller's, which may hang in a store's stream for as long as that is open.

        Returns:
            False after `stop`: there is nothing more to listen for.
        """
        try:
            for _ in self._store.listen(self._bucket, f"{self._name}/"):
                if self._stopped.is_set():
                    return False
                self._scan.set()
                self._wake.set()
        except RegistryError as error:
            log.debug("no notifications: %s", error, extra={"event": "listen_failed"})
        return not self._stopped.wait(LISTEN_AGAIN_S)

    def stop(self) -> None:
        """End `changes` and, at its next event, `listen`; from any thread."""
        self._stopped.set()
        self._wake.set()

    def _poll(self) -> Decision | None:
        try:
            scan = self._scan.is_set()
            self._scan.clear()
            decision = self._reader.read(scan=scan)
        except RegistryError as error:
            self._failures += 1
            self._last_error = str(error)
            log.warning(
                "the registry cannot be read: %s", error, extra={"event": "watch_failed", "failures": self._failures}
            )
            return None
        self._failures, self._last_error = 0, None
        return decision

    def _pause_s(self) -> float:
        backoff = min(1 << self._failures, MAX_BACKOFF)
        return self._interval_s * float(backoff) * random.uniform(1 - self._jitter, 1 + self._jitter)
