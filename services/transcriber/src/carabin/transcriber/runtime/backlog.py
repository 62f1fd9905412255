"""Audio that waits to be processed: counted for each session and for all, so that sockets can be read more slowly."""

import asyncio
import threading
from contextlib import suppress

from ..core.config import SAMPLE_RATE_HZ

MAX_SESSION_SAMPLES = 30 * SAMPLE_RATE_HZ
"""Of one session: a pause of half a minute in a fast sender's stream is nothing to it, and two megabytes to us."""
MAX_TOTAL_SAMPLES = 1800 * SAMPLE_RATE_HZ
"""Of all sessions together: 115 MB. A session of which nothing waits always has room."""
LOW_SHARE = 0.9
"""Of the total, below which those who wait for it look again: a wake for each slice took most of an overloaded core."""


class AudioBacklog:
    """The samples of all sessions that wait; thread-safe."""

    def __init__(self, limit: int = MAX_TOTAL_SAMPLES) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._total = 0
        self._waiters: set[SessionBacklog] = set()

    @property
    def total(self) -> int:
        """Samples that wait, of all sessions."""
        return self._total

    def change(self, n: int) -> None:
        """Count `n` samples more, or less where it is negative; whoever waits looks again where all have room again."""
        low = self.limit * LOW_SHARE
        with self._lock:
            before = self._total
            self._total += n
            waiters = list(self._waiters) if before >= low > self._total else []
        for waiter in waiters:
            waiter.wake()

    def enter(self, waiter: "SessionBacklog") -> None:
        """Wake this session when there is room for all."""
        with self._lock:
            self._waiters.add(waiter)

    def leave(self, waiter: "SessionBacklog") -> None:
        """Wake it no more."""
        with self._lock:
            self._waiters.discard(waiter)


class SessionBacklog:
    """The samples of one session that wait.

    Args:
        shared: those of all sessions.
        limit: beyond so many the session has no room.
    """

    def __init__(self, shared: AudioBacklog, limit: int = MAX_SESSION_SAMPLES) -> None:
        self._shared = shared
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting = 0
        self._closed = False
        self._in_line = False

    @property
    def samples(self) -> int:
        """Samples that wait."""
        return self._waiting

    def add(self, n: int) -> None:
        """Count samples that came."""
        with self._lock:
            if self._closed:
                return
            self._waiting += n
        self._shared.change(n)

    def take(self, n: int) -> None:
        """Count samples that were processed; from any thread."""
        with self._lock:
            if self._closed:
                return
            self._waiting -= n
        self._shared.change(-n)
        if self._in_line and self._has_room():
            self.wake()

    def close(self) -> None:
        """Count nothing more: what waits is forgotten."""
        with self._lock:
            rest, self._waiting, self._closed = self._waiting, 0, True
        self._shared.change(-rest)
        self._changed.set()

    async def wait_for_room(self) -> None:
        """Return when more may come; on the event loop."""
        if self._has_room():
            return
        self._shared.enter(self)
        self._in_line = True
        try:
            while not self._has_room():
                self._changed.clear()
                if not self._has_room():
                    await self._changed.wait()
        finally:
            self._in_line = False
            self._shared.leave(self)

    def wake(self) -> None:
        """Look again whether there is room; from any thread."""
        with suppress(RuntimeError):  # a loop that is closed has nobody waiting
            self._loop.call_soon_threadsafe(self._changed.set)

    def _has_room(self) -> bool:
        if self._closed or self._waiting == 0:
            return True
        return self._waiting < self._limit and self._shared.total < self._shared.limit
