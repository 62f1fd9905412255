"""What a client sends amid a session: audio, flushes, fresh tokens, and the end of the audio."""

import asyncio
import json
from contextlib import suppress

from carabin.service.access.identity import Authenticator
from carabin.service.errors import Forbidden
from starlette.websockets import WebSocket

from ..core.errors import SessionClosed
from ..wire.errors import BadMessage
from .expiry import CredentialExpiry
from .hello import END_OF_AUDIO
from .session import LiveSession
from .websocket import receive

MAX_PAUSE_S = 8.0
"""A socket is read again after this, whatever waits: one that is not read answers no pings, and a keepalive of 20 s
would end it. What is read beyond the limits is one message each time."""


class Receiver:
    """Reads one connection of a session.

    Args:
        number: the session's `connection` while it is on this one.
    """

    def __init__(
        self,
        socket: WebSocket,
        session: LiveSession,
        authenticator: Authenticator,
        expiry: CredentialExpiry,
        *,
        number: int = 0,
    ) -> None:
        self._socket = socket
        self._session = session
        self._number = number
        self._authenticator = authenticator
        self._expiry = expiry
        self.flushes: set[asyncio.Task[None]] = set()
        """Flushes that go on beside the reading."""

    async def run(self) -> None:
        """Read until the end of the audio, or until another connection takes the session over.

        Raises:
            Gone: the connection ended.
            ProtocolError, AccessRefused: the client did what it may not.
        """
        while True:
            message = await receive(self._socket)
            if self._number != self._session.connection:
                return  # the other one was told what the session has, and sends the rest
            if message in (END_OF_AUDIO, END_OF_AUDIO.encode()):
                return
            if isinstance(message, bytes):
                await self._take_audio(message)
            else:
                await self._take_request(message)

    async def _take_audio(self, frame: bytes) -> None:
        """Push a frame, and read on only when there is room for more: the client feels it as back-pressure."""
        delay_s = min(self._session.push(frame), MAX_PAUSE_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s + MAX_PAUSE_S):
                await self._session.admitted.dictation.wait_for_room(delay_s)

    async def _take_request(self, message: str) -> None:
        """Follow a text message of our own clients: flush, or a fresh token."""
        try:
            request = json.loads(message)
            wanted = request.get("event")
        except (ValueError, AttributeError, RecursionError) as error:
            raise BadMessage("a text message that is neither END_OF_AUDIO nor a JSON object came amid audio") from error
        if wanted == "flush":
            await self._begin_flush()
        elif wanted == "token" and isinstance(request.get("token"), str):
            fresh = await self._authenticator.identify(request["token"])
            if fresh.name != self._session.owner:
                raise Forbidden("the fresh token belongs to somebody else")
            self._expiry.renew(fresh)
        else:
            raise BadMessage("a text message amid audio must be END_OF_AUDIO, a flush or a token")

    async def _begin_flush(self) -> None:
        """Flush beside the reading: a long one must not keep pings waiting."""

        async def flush() -> None:
            with suppress(SessionClosed):
                await self._session.flush()

        task = asyncio.create_task(flush())
        self.flushes.add(task)
        task.add_done_callback(self.flushes.discard)
        # Tasks begin in the order in which they were made: the flush before the audio that is read next.
        await asyncio.sleep(0)
