"""The WhisperLive protocol over a WebSocket, at any path."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from . import whisperlive_messages as messages
from .admission import Admission, Visit, trace_id_of
from .auth import Authenticator, Identity, bearer, origin_allowed, subprotocol_token
from .errors import Overloaded
from .protocol_errors import (
    AccessRefused,
    BadMessage,
    ConfigTimeout,
    Forbidden,
    FrameTooLarge,
    SlowReader,
)
from .resume import ResumeDesk
from .service import Transcriber
from .statuses import close_reason, sentence_of, status_of
from .whisperlive import END_OF_AUDIO, MAX_HELLO_BYTES, Hello, parse_hello
from .whisperlive_session import LiveSession, model_warning, take_up

log = logging.getLogger(__name__)

PROTOCOL = "whisperlive"
NORMAL, GOING_AWAY = 1000, 1012


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Times and sizes of one connection."""

    hello_s: float = 10.0
    """To send the configuration."""
    loading_s: float = 25.0
    """To wait for a first model that is being loaded; the published streaming client waits 30 s."""
    send_s: float = 30.0
    """To take one message; a client that reads nothing for so long is gone."""
    finish_s: float = 1800.0
    """To decode what is left when a client ends, before the connection closes all the same."""
    session_s: float = 4 * 3600.0
    """To dictate in one session."""


class _Gone(Exception):
    """The client's side of the connection is closed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class WhisperLiveSocket:
    """Serves WhisperLive clients; one call for each connection."""

    def __init__(
        self,
        admission: Admission,
        authenticator: Authenticator,
        resume: ResumeDesk,
        *,
        origins: Sequence[str] = (),
        default_language: str | None = "fr",
        limits: SocketLimits | None = None,
    ) -> None:
        self._admission = admission
        self._authenticator = authenticator
        self._resume = resume
        self._origins = origins
        self._default_language = default_language
        self._limits = limits or SocketLimits()

    async def serve(self, socket: WebSocket) -> None:
        """Talk to one client until its session or its connection ends."""
        try:
            identity = await self._identify(socket)
        except AccessRefused as error:
            await self._deny(socket, error)
            return
        await socket.accept("bearer" if subprotocol_token(socket.scope["subprotocols"]) else None)
        uid = ""
        try:
            hello_text = await self._receive_hello(socket)
            uid = _uid_of(hello_text)
            session, identity = await self._open(socket, hello_text, identity)
        except (WebSocketDisconnect, _Gone):
            return
        except Exception as error:
            await self._refuse(socket, uid, error, identity)
            return
        await self._converse(socket, session, identity)

    async def _identify(self, socket: WebSocket) -> Identity | None:
        """Return who the handshake says it is; None when the first message still has to."""
        headers = socket.headers
        if not origin_allowed(headers.get("origin"), self._origins, headers.get("host")):
            raise Forbidden(f"pages of {headers['origin'][:80]} may not connect")
        token = bearer(headers.get("authorization")) or subprotocol_token(socket.scope["subprotocols"])
        if token is None and self._authenticator.required:
            return None
        return await self._authenticator.identify(token)

    async def _deny(self, socket: WebSocket, error: Exception) -> None:
        status = status_of(error)
        self._admission.refused(None, PROTOCOL, _address(socket), error)
        headers = {"WWW-Authenticate": "Bearer"} if status.http == 401 else {}
        await socket.send_denial_response(PlainTextResponse(f"{sentence_of(error)}\n", status.http, headers))

    async def _receive_hello(self, socket: WebSocket) -> str | bytes:
        try:
            async with asyncio.timeout(self._limits.hello_s):
                message = await _receive(socket)
        except TimeoutError as error:
            raise ConfigTimeout(f"no configuration came within {self._limits.hello_s:g} s") from error
        if len(message) > MAX_HELLO_BYTES:
            raise FrameTooLarge(f"the configuration has {len(message)} bytes: {MAX_HELLO_BYTES} are allowed")
        return message

    async def _open(
        self, socket: WebSocket, hello_text: str | bytes, identity: Identity | None
    ) -> tuple[LiveSession, Identity]:
        hello = parse_hello(hello_text, self._default_language)
        if identity is None:
            identity = await self._authenticator.identify(hello.token)
        model = self._admission.transcriber.model
        session = take_up(self._resume, hello, identity.name)
        resumed = session is not None
        if session is None:
            visit = await self._admit(socket, hello, identity)
            model = self._admission.transcriber.model
            session = LiveSession(visit, hello, hello.warnings + model_warning(hello, model), self._resume)
        if resumed:
            self._admission.metrics.resumed.inc()
            log.info("session resumed", extra=session.ids("session_resumed"))
        try:
            await socket.send_text(session.ready(model, resumed=resumed))
        except BaseException:
            self._lost(session, GOING_AWAY)
            raise
        return session, identity

    async def _admit(self, socket: WebSocket, hello: Hello, identity: Identity) -> Visit:
        """Open a session; while the first model is being loaded, wait for it as WhisperLive's clients are used to."""
        trace_id = trace_id_of(socket.headers.get("traceparent"))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.loading_s):
                await _loaded(self._admission.transcriber)
        return self._admission.admit(hello.session, identity, PROTOCOL, _address(socket), trace_id)

    async def _refuse(self, socket: WebSocket, uid: str, error: BaseException, identity: Identity | None) -> None:
        status = status_of(error)
        if status.label == "internal":
            log.error("a session could not be opened", extra={"event": "open_failed", "error": type(error).__name__})
        self._admission.refused(identity, PROTOCOL, _address(socket), error)
        if isinstance(error, Overloaded):
            message = messages.wait(uid, error.retry_after_s)
        else:
            message = messages.failure(uid, sentence_of(error), status.label)
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._limits.send_s):
                await socket.send_text(message)
                await socket.close(status.close_code, close_reason(sentence_of(error)))

    async def _converse(self, socket: WebSocket, session: LiveSession, identity: Identity) -> None:
        expiry = _Expiry(identity)
        sender = asyncio.create_task(self._send_all(socket, session, session.outbox.attach()))
        watchers = [
            asyncio.create_task(self._receive_all(socket, session, expiry), name="receive"),
            asyncio.create_task(session.visit.ending.wait(), name="ending"),
            asyncio.create_task(session.superseded(), name="superseded"),
            asyncio.create_task(expiry.wait(), name="expiry"),
            asyncio.create_task(asyncio.sleep(self._limits.session_s), name="overtime"),
        ]
        superseded = False
        try:
            done, _ = await asyncio.wait([sender, *watchers], return_when=asyncio.FIRST_COMPLETED)
            foremost = await _foremost(done, watchers[0])
            superseded = foremost.get_name() == "superseded"
            await self._part(socket, session, identity, sender, foremost)
        finally:
            for task in (sender, *watchers):
                task.cancel()
            await asyncio.gather(sender, *watchers, return_exceptions=True)
            if not (superseded or session.held):
                self._resume.remove(session)

    async def _part(
        self,
        socket: WebSocket,
        session: LiveSession,
        identity: Identity,
        sender: asyncio.Task[None],
        done: asyncio.Task[Any],
    ) -> None:
        """End a conversation in the way that fits the reason."""
        error = done.exception()
        if isinstance(error, _Gone | WebSocketDisconnect):
            self._lost(session, error.code)
        elif error is not None:
            session.cancel(status_of(error).label)
            if status_of(error).label == "internal":
                log.error("session broke", extra=session.ids("session_broke", error=type(error).__name__))
            await self._refuse(socket, session.uid, error, identity)
        elif done is sender:
            await self._close_failed(socket, session)
        elif done.get_name() == "superseded":
            await _close(socket, NORMAL, "this session goes on over another connection")
        else:
            code, reason = _ENDINGS[done.get_name()]
            await self._end(socket, session, sender, code, reason)

    async def _end(
        self, socket: WebSocket, session: LiveSession, sender: asyncio.Task[None], code: int, reason: str
    ) -> None:
        """Make everything final, send it all, and close."""
        session.outcome = reason or "ended"
        finishing = asyncio.create_task(_all_of(session.finish(), sender))
        # Reading on keeps pings answered, and tells when nobody waits for the rest any more.
        leaving = asyncio.create_task(_until_gone(socket))
        try:
            done, _ = await asyncio.wait(
                [finishing, leaving], timeout=self._limits.finish_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            finishing.cancel()
            leaving.cancel()
            ends = await asyncio.gather(finishing, leaving, return_exceptions=True)
        if finishing not in done or isinstance(ends[0], SlowReader | WebSocketDisconnect):
            if leaving in done and isinstance(ends[1], _Gone):
                self._lost(session, ends[1].code)
                return
            session.cancel("lost" if finishing in done else "finish_timeout")
        if session.outbox.failed is not None:
            await self._close_failed(socket, session)
            return
        with suppress(WebSocketDisconnect, RuntimeError):
            if reason:
                await socket.send_text(messages.disconnect(session.uid))
        await _close(socket, code, reason)

    async def _close_failed(self, socket: WebSocket, session: LiveSession) -> None:
        reason = session.outbox.failed
        if reason is None:
            await _close(socket, NORMAL, "")
            return
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_text(messages.failure(session.uid, reason, "session_failed"))
        await _close(socket, 1011, reason)

    def _lost(self, session: LiveSession, code: int) -> None:
        """The client is gone: hold its session if it wants to come back, else this was its end."""
        if session.hello.resume and code != NORMAL and not session.visit.ending.is_set():
            session.hold()
        else:
            session.cancel("closed_by_client")

    async def _receive_all(self, socket: WebSocket, session: LiveSession, expiry: "_Expiry") -> None:
        """Read until the end of the audio."""
        while True:
            message = await _receive(socket)
            if message in (END_OF_AUDIO, END_OF_AUDIO.encode()):
                return
            if isinstance(message, bytes):
                delay_s = session.hear(message)
                if delay_s > 0:
                    await asyncio.sleep(delay_s)
            else:
                await self._control(message, session, expiry)

    async def _control(self, message: str, session: LiveSession, expiry: "_Expiry") -> None:
        """Follow a text message of our own clients: flush, or a fresh token."""
        try:
            request = json.loads(message)
            wanted = request.get("event")
        except (ValueError, AttributeError) as error:
            raise BadMessage("a text message that is neither END_OF_AUDIO nor a JSON object came amid audio") from error
        if wanted == "flush":
            await session.flush()
        elif wanted == "token" and isinstance(request.get("token"), str):
            fresh = await self._authenticator.identify(request["token"])
            if fresh.name != session.owner:
                raise Forbidden("the fresh token belongs to somebody else")
            expiry.renew(fresh)
        else:
            raise BadMessage("a text message amid audio must be END_OF_AUDIO, a flush or a token")

    async def _send_all(self, socket: WebSocket, session: LiveSession, reader: int) -> None:
        while (message := await session.outbox.next(reader)) is not None:
            try:
                async with asyncio.timeout(self._limits.send_s):
                    await socket.send_text(message)
            except TimeoutError as error:
                raise SlowReader(f"the client read nothing for {self._limits.send_s:g} s") from error


_ENDINGS = {
    "receive": (NORMAL, ""),
    "ending": (GOING_AWAY, "the server is shutting down"),
    "expiry": (1008, "the token has expired"),
    "overtime": (NORMAL, "the session reached its longest time"),
}
"""Why a session that is well comes to its end: close code and reason."""


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


async def _loaded(transcriber: Transcriber) -> None:
    """Return when there is a model, or none on its way."""
    changes = transcriber.subscribe_model()
    async for info in changes:
        if info.version is not None or info.state != "loading":
            break
    if isinstance(changes, AsyncGenerator):
        await changes.aclose()


async def _foremost(done: set[asyncio.Task[Any]], receiver: asyncio.Task[Any]) -> asyncio.Task[Any]:
    """Return what ended the conversation; a send that failed only tells that, the receiver knows the close code."""
    first = next(iter(done))
    if receiver not in done and isinstance(first.exception(), WebSocketDisconnect):
        await asyncio.wait([receiver], timeout=1.0)
        return receiver if receiver.done() else first
    return receiver if receiver in done else first


async def _receive(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise _Gone(message.get("code") or 1005)
    text: str | None = message.get("text")
    if text is not None:
        return text
    return bytes(message.get("bytes") or b"")


async def _until_gone(socket: WebSocket) -> None:
    while True:
        await _receive(socket)


async def _all_of(*parts: Coroutine[Any, Any, None] | asyncio.Task[None]) -> None:
    for part in parts:
        await part


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is not WebSocketState.DISCONNECTED:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(code, close_reason(reason))


def _uid_of(message: str | bytes) -> str:
    """Return the uid of a message that may be wrong otherwise, so that the client heeds the answer."""
    with suppress(ValueError, AttributeError, RecursionError):
        uid = json.loads(message).get("uid")
        return uid if isinstance(uid, str) else ""
    return ""


def _address(socket: WebSocket) -> str:
    return socket.client.host if socket.client else ""
