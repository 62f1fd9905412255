"""One connection of an open session: audio in, messages out, until one of its ends.

Over 200 lines: the ways in which a connection can end are only understood side by side.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from carabin.service.access.identity import Authenticator, Identity
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..core.errors import SessionClosed
from ..wire.errors import SlowReader, WrongAudioFormat
from ..wire.status import status_of
from . import messages
from .expiry import CredentialExpiry
from .receiver import Receiver
from .resume import ResumableSessions
from .session import LiveSession
from .websocket import GOING_AWAY, NORMAL, Gone, SocketLimits, close, until_gone

log = logging.getLogger(__name__)

_ENDINGS = {
    "receive": (NORMAL, "", "ended"),
    "closed": (GOING_AWAY, "the server ended the session", "cancelled"),
    "ending": (GOING_AWAY, "the server is shutting down", "draining"),
    "expiry": (1008, "the token has expired", "token_expired"),
    "overtime": (NORMAL, "the session reached its longest time", "session_too_long"),
}
"""How a session without an error comes to its end: close code, reason, and outcome in log and metrics."""


class Connection:
    """Serves one session over one socket.

    Args:
        number: the session's `connection` when this one took it; a later one may take it over at any moment.
    """

    def __init__(
        self,
        socket: WebSocket,
        session: LiveSession,
        identity: Identity,
        authenticator: Authenticator,
        resumable: ResumableSessions,
        limits: SocketLimits,
        *,
        number: int = 0,
    ) -> None:
        self._socket = socket
        self._session = session
        self._number = number
        self._resumable = resumable
        self._limits = limits
        self._expiry = CredentialExpiry(identity)
        self._receiver = Receiver(socket, session, authenticator, self._expiry, number=number)

    async def run(self) -> None:
        """Talk until the session or the connection ends.

        Raises:
            ProtocolError, AccessRefused: the client did what it may not; the session is over and the socket still open.
        """
        session = self._session
        sender = asyncio.create_task(self._send_all(session.outbox.attach()), name="send")
        watchers = [
            asyncio.create_task(session.superseded(self._number), name="superseded"),
            asyncio.create_task(self._receiver.run(), name="receive"),
            asyncio.create_task(session.admitted.ending.wait(), name="ending"),
            asyncio.create_task(self._expiry.wait(), name="expiry"),
            asyncio.create_task(asyncio.sleep(session.admitted.left_s()), name="overtime"),
        ]
        try:
            await asyncio.wait([sender, *watchers], return_when=asyncio.FIRST_COMPLETED)
            first = await _foremost([*watchers, sender])
            await _stop(task for task in watchers if task is not first)
            await self._part(first, sender)
        finally:
            await _stop([sender, *watchers, *self._receiver.flushes])
            if not (self._superseded or session.held):
                self._resumable.remove(session)

    @property
    def _superseded(self) -> bool:
        return self._number != self._session.connection

    async def _part(self, first: asyncio.Task[Any], sender: asyncio.Task[None]) -> None:
        """End in the way that fits the reason."""
        error = first.exception()
        if self._superseded:
            # Whatever ended here, perhaps at the same moment, it is the other connection's session now.
            await close(self._socket, NORMAL, "this session goes on over another connection")
        elif isinstance(error, Gone | WebSocketDisconnect):
            self.lost(error.code)
        elif isinstance(error, SessionClosed):
            # The core had ended the session already, and this audio came before that was read: the core says why.
            await self._end(sender, *_ENDINGS["closed"])
        elif error is not None:
            await self._end_by_error(error, first, sender)
        elif first is sender:
            await self._close_failed()
        elif first.get_name() == "ending" and self._session.hello.resume:
            await self._hand_over(sender)
        else:
            await self._end(sender, *_ENDINGS[first.get_name()])

    async def _end_by_error(self, error: BaseException, first: asyncio.Task[Any], sender: asyncio.Task[None]) -> None:
        """Send what was said before the error, then raise it; audio in a wrong format was no speech."""
        label = status_of(error).label
        self._session.outcome = label
        if first is not sender and not isinstance(error, WrongAudioFormat) and not await self._finish(sender):
            return
        self._session.cancel(label)
        raise error

    async def _end(self, sender: asyncio.Task[None], code: int, reason: str, outcome: str) -> None:
        """Make everything final, send it all, and close."""
        session = self._session
        session.outcome = outcome
        if not await self._finish(sender):
            return
        if session.outbox.failed is not None:
            await self._close_failed()
            return
        if reason:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.send_text(messages.disconnect(session.uid))
        await close(self._socket, code, reason)

    async def _hand_over(self, sender: asyncio.Task[None]) -> None:
        """Send what is final and close: the client has the rest and sends it to another replica.

        Made final here, the utterance in progress would end in the middle of a word.
        """
        _, reason, outcome = _ENDINGS["ending"]
        self._session.cancel(outcome)
        await asyncio.wait([sender], timeout=self._limits.finish_s)
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(messages.disconnect(self._session.uid))
        await close(self._socket, GOING_AWAY, reason)

    async def _finish(self, sender: asyncio.Task[None]) -> bool:
        """Make everything final and send it; return False when the client left meanwhile, and its session is lost."""
        session = self._session
        finishing = asyncio.create_task(_both(session, sender))
        leaving = asyncio.create_task(until_gone(self._socket))
        try:
            await asyncio.wait([finishing, leaving], timeout=self._limits.finish_s, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                self.lost(leaving.result())
                return False
            if not finishing.done() or finishing.exception() is not None:
                session.cancel("lost" if finishing.done() else "finish_timeout")
        finally:
            await _stop([finishing, leaving])
        return True

    async def _close_failed(self) -> None:
        """Say why the core gave the session up, and close; without a reason it was stopped, and another may go on."""
        reason = self._session.outbox.failed
        if reason is None:
            await close(self._socket, GOING_AWAY, "the server ended the session")
            return
        code, label = (1011, "session_failed")
        if self._session.outbox.not_audio:
            status = status_of(WrongAudioFormat(reason))
            code, label = status.close_code, status.label
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(messages.failure(self._session.uid, reason, label))
        await close(self._socket, code, reason)

    def lost(self, code: int) -> None:
        """The client is gone: hold its session if it wants to come back, else this was its end."""
        session = self._session
        if session.hello.resume and code != NORMAL and not session.admitted.ending.is_set():
            session.hold(self._number)
        elif not self._superseded:
            session.cancel("closed_by_client")

    async def _send_all(self, reader: int) -> None:
        while (message := await self._session.outbox.next(reader)) is not None:
            try:
                async with asyncio.timeout(self._limits.send_s):
                    await self._socket.send_text(message)
            except TimeoutError as error:
                raise SlowReader(f"the client read nothing for {self._limits.send_s:g} s") from error


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
