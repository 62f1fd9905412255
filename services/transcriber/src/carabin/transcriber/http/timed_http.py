"""Bounds on how long a connection may take to send a request: all of its headers, and some of its body at a time.

Uvicorn has one for the time between two requests only: a client that connects and sends nothing, or one byte a second,
would hold its connection for ever.
"""

import asyncio
from typing import ClassVar, Final, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

BODY_WINDOW_S: Final = 60.0
BODY_BYTES_PER_S: Final = 1_000
"""Of a body, less than this on average over a window holds a connection; an upload has a stricter limit of its own."""


class TimedHttp(H11Protocol):
    """Uvicorn's HTTP, which ends a connection whose request does not come.

    The headers have a time of their own, from the connection or from the first byte of each later request; what comes
    in between does not set it back. A body has a least rate, whether it is answered already or not. A WebSocket leaves
    this protocol with its handshake.
    """

    header_timeout_s: ClassVar[float]
    body_window_s: ClassVar[float] = BODY_WINDOW_S

    _awaited: Literal["headers", "body"] | None = None
    _timer: asyncio.TimerHandle | None = None
    _window_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._wait_on()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and wait on where they do not complete the request."""
        self._window_bytes += len(data)
        super().data_received(data)
        self._wait_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _wait_on(self) -> None:
        awaited = self._incomplete()
        if awaited != self._awaited:
            self._stop_timer()
            self._awaited = awaited
        if self._timer is not None:
            return
        if awaited == "headers":
            self._timer = self.loop.call_later(self.header_timeout_s, self.transport.abort)
        elif awaited == "body":
            self._window_bytes = 0
            self._timer = self.loop.call_later(self.body_window_s, self._judge_window)

    def _incomplete(self) -> Literal["headers", "body"] | None:
        """Return which part of a request has begun and is not complete; a new connection has begun its first."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return None
        state = self.conn.their_state
        return "headers" if state is h11.IDLE else "body" if state is h11.SEND_BODY else None

    def _judge_window(self) -> None:
        self._timer = None
        # Where the application takes nothing more, its client can send nothing.
        if self._window_bytes < BODY_BYTES_PER_S * self.body_window_s and not self.flow.read_paused:
            self.transport.abort()
        else:
            self._wait_on()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def timed_http(header_timeout_s: float) -> type[TimedHttp]:
    """Return the protocol with its limit in seconds, as Uvicorn makes one for each connection."""
    return type("TimedHttp", (TimedHttp,), {"header_timeout_s": header_timeout_s})
