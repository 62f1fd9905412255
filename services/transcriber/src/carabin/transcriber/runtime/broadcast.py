"""A signal that something changed, from any thread to all readers on the event loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress


class ChangeSignal:
    """Signals that there is a change, not which: a slow reader sees the newest state, not every one."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where the readers are; set when the service starts."""
        self._readers: set[asyncio.Event] = set()

    def notify(self) -> None:
        """Wake all readers; safe from any thread, and without effect before the start and after the end."""
        if self.loop is not None:
            with suppress(RuntimeError):  # a loop that is closed has no readers
                self.loop.call_soon_threadsafe(self._wake)

    async def changes(self) -> AsyncGenerator[None, None]:
        """Yield at once, then after each change; the reader closes the generator."""
        changed = asyncio.Event()
        self._readers.add(changed)
        try:
            while True:
                changed.clear()
                yield
                await changed.wait()
        finally:
            self._readers.discard(changed)

    def _wake(self) -> None:
        for reader in self._readers:
            reader.set()
