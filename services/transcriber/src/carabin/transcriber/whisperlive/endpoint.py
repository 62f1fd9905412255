"""The WhisperLive protocol over a WebSocket, at any path."""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from carabin.service.access.identity import Authenticator, Identity, bearer
from carabin.service.errors import AccessRefused
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..access.origins import require_origin, subprotocol_token
from ..core.errors import Overloaded
from ..wire.admission import Admission, AdmittedSession
from ..wire.errors import ConfigTimeout, FrameTooLarge
from ..wire.model_choice import is_served
from ..wire.status import close_reason, sentence_of, status_of
from . import messages
from .connection import Connection
from .hello import MAX_HELLO_BYTES, Hello, parse_hello
from .resume import ResumableSessions
from .session import LiveSession, model_warning, take_up
from .websocket import Gone, SocketLimits, address, receive

log = logging.getLogger(__name__)

PROTOCOL = "whisperlive"


class WhisperLiveSocket:
    """Serves WhisperLive clients; one call for each connection."""

    def __init__(
        self,
        admission: Admission,
        authenticator: Authenticator,
        resume: ResumableSessions,
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
            session, identity, number = await self._open(socket, hello_text, identity)
        except (WebSocketDisconnect, Gone):
            return
        except Exception as error:
            await self._refuse(socket, uid, error, identity)
            return
        connection = Connection(
            socket, session, identity, self._authenticator, self._resume, self._limits, number=number
        )
        try:
            await connection.run()
        except Exception as error:
            await self._refuse(socket, uid, error, identity)

    async def _identify(self, socket: WebSocket) -> Identity | None:
        """Return who the handshake says it is; None when the first message still has to."""
        headers = socket.headers
        require_origin(headers, self._origins)
        token = bearer(headers.get("authorization")) or subprotocol_token(socket.scope["subprotocols"])
        if token is None and self._authenticator.required:
            return None
        return await self._authenticator.identify(token)

    async def _deny(self, socket: WebSocket, error: Exception) -> None:
        status = status_of(error)
        self._admission.refused(None, PROTOCOL, address(socket), error)
        headers = {"WWW-Authenticate": "Bearer"} if status.http == 401 else {}
        await socket.send_denial_response(PlainTextResponse(f"{sentence_of(error)}\n", status.http, headers))

    async def _receive_hello(self, socket: WebSocket) -> str | bytes:
        try:
            async with asyncio.timeout(self._limits.hello_s):
                message = await receive(socket)
        except TimeoutError as error:
            raise ConfigTimeout(f"no configuration came within {self._limits.hello_s:g} s") from error
        if len(message) > MAX_HELLO_BYTES:
            raise FrameTooLarge(f"the configuration has {len(message)} bytes: {MAX_HELLO_BYTES} are allowed")
        return message

    async def _open(
        self, socket: WebSocket, hello_text: str | bytes, identity: Identity | None
    ) -> tuple[LiveSession, Identity, int]:
        """Open a session or take one up; return it, whose it is, and which of its connections this one is."""
        hello = parse_hello(hello_text, self._default_language)
        if identity is None:
            identity = await self._authenticator.identify(hello.token)
        session = take_up(self._resume, hello, identity.name)
        resumed = session is not None
        if session is None:
            if is_served(hello.model, self._admission.transcriber):
                hello = replace(hello, session=replace(hello.session, model=hello.model))
            admitted = await self._admit(socket, hello, identity)
            model = self._admission.transcriber.model_named(hello.session.model)
            session = LiveSession(admitted, hello, hello.warnings + model_warning(hello, model), self._resume)
        number = session.connection
        if resumed:
            self._admission.metrics.resumed.inc()
            log.info("session resumed", extra=session.ids("session_resumed"))
        try:
            model = self._admission.transcriber.model_named(session.hello.session.model)
            await socket.send_text(session.ready(model, resumed=resumed))
        except BaseException:
            if hello.resume:
                session.hold(number)
            else:
                session.cancel("closed_by_client")
            raise
        return session, identity, number

    async def _admit(self, socket: WebSocket, hello: Hello, identity: Identity) -> AdmittedSession:
        """Open a session; while its model is being loaded, wait for it as WhisperLive's clients are used to."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.loading_s):
                await self._admission.transcriber.wait_for_model(hello.session.model)
        return self._admission.admit(hello.session, identity, PROTOCOL, address(socket))

    async def _refuse(self, socket: WebSocket, uid: str, error: BaseException, identity: Identity | None) -> None:
        status = status_of(error)
        if status.label == "internal":
            # The text of a foreign exception may hold anything: only its kind is logged.
            log.error("a session broke", extra={"event": "session_broke", "error": type(error).__name__})
        self._admission.refused(identity, PROTOCOL, address(socket), error)
        if isinstance(error, Overloaded):
            message = messages.wait(uid, error.retry_after_s)
        else:
            message = messages.failure(uid, sentence_of(error), status.label)
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._limits.send_s):
                await socket.send_text(message)
                await socket.close(status.close_code, close_reason(sentence_of(error)))


def _uid_of(message: str | bytes) -> str:
    """Return the uid of a message that may be wrong otherwise, so that the client heeds the answer."""
    with suppress(ValueError, AttributeError, RecursionError):
        uid = json.loads(message).get("uid")
        return uid if isinstance(uid, str) else ""
    return ""
