"""Reading and closing a WebSocket, and how long each step may take."""

from contextlib import suppress
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..wire.status import close_reason

NORMAL, GOING_AWAY = 1000, 1012


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Times of one connection."""

    hello_s: float = 10.0
    """To send the configuration."""
    loading_s: float = 25.0
    """To wait for a first model that is being loaded; the published streaming client waits 30 s."""
    send_s: float = 30.0
    """To take one message; a client that reads nothing for so long is gone."""
    finish_s: float = 1800.0
    """To decode what is left when a client ends, before the connection closes all the same."""


class Gone(Exception):
    """The client's side of the connection is closed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def receive(socket: WebSocket) -> str | bytes:
    """Return the next message.

    Raises:
        Gone: there is none.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise Gone(message.get("code") or 1005)
    text: str | None = message.get("text")
    if text is not None:
        return text
    return bytes(message.get("bytes") or b"")


async def until_gone(socket: WebSocket) -> int:
    """Read and forget until the client is gone; return the close code. Reading keeps pings answered."""
    try:
        while True:
            await receive(socket)
    except Gone as gone:
        return gone.code


async def close(socket: WebSocket, code: int, reason: str) -> None:
    """Close, unless that has happened."""
    if socket.application_state is not WebSocketState.DISCONNECTED:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(code, close_reason(reason))


def address(socket: WebSocket) -> str:
    """Return the client's host."""
    return socket.client.host if socket.client else ""
