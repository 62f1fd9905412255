"""A bound on how long a connection may take to send the headers of a request.

Uvicorn has one for the time between two requests only: a client that connects and sends nothing, or one byte a second,
would hold its connection for ever.
"""

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class TimedHttp(H11Protocol):
    """Uvicorn's HTTP, which ends a connection whose request's headers are not complete in time.

    The time runs from the connection, or from the first byte of each later request; what comes in between does not set
    it back. A body has limits of its own, and a WebSocket's connection leaves this protocol with its handshake.
    """

    header_timeout_s: ClassVar[float]

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._bound_headers()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and wait on where they do not complete the headers."""
        super().data_received(data)
        self._bound_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_deadline()
        super().connection_lost(exc)

    def _bound_headers(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.header_timeout_s, self.transport.abort)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def timed_http(header_timeout_s: float) -> type[TimedHttp]:
    """Return the protocol with its limit in seconds, as Uvicorn makes one for each connection."""
    return type("TimedHttp", (TimedHttp,), {"header_timeout_s": header_timeout_s})
