"""One connection of an open session: audio in, messages out, until one of its ends."""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..access.errors import Forbidden
from ..access.identity import Authenticator, Identity
from ..core.errors import SessionClosed
from ..wire.errors import BadMessage, SlowReader
from ..wire.status import status_of
from . import messages
from .hello import END_OF_AUDIO
from .resume import ResumableSessions
from .session import LiveSession
from .websocket import GOING_AWAY, NORMAL, Gone, SocketLimits, close, receive, until_gone

log = logging.getLogger(__name__)

_ENDINGS = {
    "receive": (NORMAL, ""),
    "ending": (GOING_AWAY, "the server is shutting down"),
    "expiry": (1008, "the token has expired"),
    "overtime": (NORMAL, "the session reached its longest time"),
}
"""Why a session that is well comes to its end: close code and reason."""


class Connection:
    """Serves one session over one socket."""

    def __init__(
        self,
        socket: WebSocket,
        session: LiveSession,
        identity: Identity,
        authenticator: Authenticator,
        resumable: ResumableSessions,
        limits: SocketLimits,
    ) -> None:
        self._socket = socket
        self._session = session
        self._authenticator = authenticator
        self._resumable = resumable
        self._limits = limits
        self._expiry = _Expiry(identity)
        self._flushes: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Talk until the session or the connection ends.

        Raises:
            ProtocolError, AccessRefused: the client did what it may not; the session is over and the socket still open.
        """
        session = self._session
        sender = asyncio.create_task(self._send_all(session.outbox.attach()), name="send")
        watchers = [
            asyncio.create_task(session.superseded(), name="superseded"),
            asyncio.create_task(self._receive_all(), name="receive"),
            asyncio.create_task(session.admitted.ending.wait(), name="ending"),
            asyncio.create_task(self._expiry.wait(), name="expiry"),
            asyncio.create_task(asyncio.sleep(self._limits.session_s), name="overtime"),
        ]
        superseded = False
        try:
            await asyncio.wait([sender, *watchers], return_when=asyncio.FIRST_COMPLETED)
            first = await _foremost([*watchers, sender])
            superseded = first is watchers[0]
            await _stop(task for task in watchers if task is not first)
            await self._part(first, sender)
        finally:
            await _stop([sender, *watchers, *self._flushes])
            if not (superseded or session.held):
                self._resumable.remove(session)

    async def _part(self, first: asyncio.Task[Any], sender: asyncio.Task[None]) -> None:
        """End in the way that fits the reason."""
        error = first.exception()
        if isinstance(error, Gone | WebSocketDisconnect):
            self.lost(error.code)
        elif error is not None:
            self._session.cancel(status_of(error).label)
            raise error
        elif first is sender:
            await self._close_failed()
        elif first.get_name() == "superseded":
            await close(self._socket, NORMAL, "this session goes on over another connection")
        else:
            await self._end(sender, *_ENDINGS[first.get_name()])

    async def _end(self, sender: asyncio.Task[None], code: int, reason: str) -> None:
        """Make everything final, send it all, and close; a client that leaves meanwhile is lost."""
        session = self._session
        session.outcome = reason or "ended"
        finishing = asyncio.create_task(_both(session, sender))
        leaving = asyncio.create_task(until_gone(self._socket))
        try:
            await asyncio.wait([finishing, leaving], timeout=self._limits.finish_s, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                self.lost(leaving.result())
                return
            if not finishing.done() or finishing.exception() is not None:
                session.cancel("lost" if finishing.done() else "finish_timeout")
        finally:
            await _stop([finishing, leaving])
        if session.outbox.failed is not None:
            await self._close_failed()
            return
        if reason:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.send_text(messages.disconnect(session.uid))
        await close(self._socket, code, reason)

    async def _close_failed(self) -> None:
        """Say why the core gave the session up, and close; without a reason it was stopped, and another may go on."""
        reason = self._session.outbox.failed
        if reason is None:
            await close(self._socket, GOING_AWAY, "the server ended the session")
            return
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(messages.failure(self._session.uid, reason, "session_failed"))
        await close(self._socket, 1011, reason)

    def lost(self, code: int) -> None:
        """The client is gone: hold its session if it wants to come back, else this was its end."""
        session = self._session
        if session.hello.resume and code != NORMAL and not session.admitted.ending.is_set():
            session.hold()
        else:
            session.cancel("closed_by_client")

    async def _receive_all(self) -> None:
        """Read until the end of the audio."""
        while True:
            message = await receive(self._socket)
            if message in (END_OF_AUDIO, END_OF_AUDIO.encode()):
                return
            if isinstance(message, bytes):
                delay_s = self._session.push(message)
                await self._session.admitted.dictation.wait_for_room()
                if delay_s > 0:
                    await asyncio.sleep(delay_s)
            else:
                await self._control(message)

    async def _control(self, message: str) -> None:
        """Follow a text message of our own clients: flush, or a fresh token."""
        try:
            request = json.loads(message)
            wanted = request.get("event")
        except (ValueError, AttributeError) as error:
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
        self._flushes.add(task)
        task.add_done_callback(self._flushes.discard)
        # Tasks begin in the order in which they were made: the flush before the audio that is read next.
        await asyncio.sleep(0)

    async def _send_all(self, reader: int) -> None:
        while (message := await self._session.outbox.next(reader)) is not None:
            try:
                async with asyncio.timeout(self._limits.send_s):
                    await self._socket.send_text(message)
            except TimeoutError as error:
                raise SlowReader(f"the client read nothing for {self._limits.send_s:g} s") from error


class _Expiry:
    """Waits for the end of a credential, which a fresh one can put off."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._renewed = asyncio.Event()

    def renew(self, identity: Identity) -> None:
        self._identity = identity
        self._renewed.set()

    async def wait(self) -> None:
        """Return when the credential is worth nothing any more."""
        while True:
            self._renewed.clear()
            try:
                await asyncio.wait_for(self._renewed.wait(), self._identity.left_s())
            except TimeoutError:
                return


async def _foremost(tasks: list[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    """Return the first in the list that is done; of a send that failed only the receiver knows the close code."""
    first = next(task for task in tasks if task.done())
    receiver = next(task for task in tasks if task.get_name() == "receive")
    if first.get_name() == "send" and isinstance(first.exception(), WebSocketDisconnect):
        await asyncio.wait([receiver], timeout=1.0)
        return receiver if receiver.done() else first
    return first


async def _both(session: LiveSession, sender: asyncio.Task[None]) -> None:
    await session.finish()
    await sender


async def _stop(tasks: Any) -> None:
    stopping = list(tasks)
    for task in stopping:
        task.cancel()
    await asyncio.gather(*stopping, return_exceptions=True)
