"""Runs the adapters on their ports until a signal, and leaves in order."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Any

import uvicorn
from carabin.service import metrics
from carabin.service.grpc import AsyncGrpcServer
from carabin.service.ports import listen, require_free
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from ..grpc_api.server import start_grpc
from ..settings.server import ServerSettings
from .app import Parts, create_app
from .drain import drain
from .timed_http import timed_http
from .uvicorn_log import adapt_uvicorn_log

log = logging.getLogger(__name__)

OnListening = Callable[[int, int | None], None]
"""Called once the service listens: (WebSocket and HTTP port, gRPC port or None where gRPC is off)."""

PING_S = 20.0
"""As the `websockets` library, and so WhisperLive, keeps connections alive."""

MAX_MESSAGE_BYTES = 1 << 20
"""As the `websockets` library, and so WhisperLive, has it: 16 s of float32 audio, 64 usual frames."""

GRPC_GRACE_S = 1.0
"""Calls that outlive the drain are cut after this."""


class Socket(WebSocketsSansIOProtocol):
    """Lets go of a client that no longer answers, even when it left our last bytes unread; reads one message ahead."""

    def send_receive_event_to_app(self) -> None:
        """Pause the reading only while a message waits already.

        Uvicorn pauses and resumes it at every message, which is a tenth of what 100 speakers cost.
        """
        if self.read_paused or not self.queue.empty():
            super().send_receive_event_to_app()
            return
        self.read_paused = True  # so that Uvicorn does not pause it
        super().send_receive_event_to_app()
        self.read_paused = False

    async def send(self, message: Any) -> None:
        """Take what the application sends; one that answered a handshake with a refusal has completed it."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # Uvicorn forgets this and writes an error that the handshake was not completed.
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()


class Server(uvicorn.Server):
    """Uvicorn that drains before it closes live sessions; a second signal ends it at once."""

    def __init__(self, parts: Parts, on_listening: OnListening | None = None) -> None:
        self.parts = parts
        self.bound_port = 0
        self.grpc_port: int | None = None
        self.metrics_port: int | None = None
        """The port of metrics alone; None where they are on the HTTP port."""
        self._grpc_server: AsyncGrpcServer | None = None
        self._on_listening = on_listening
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(_config(parts))

    async def serve(self, sockets: list[Any] | None = None) -> None:
        """Start the transcriber, serve until a signal, and stop it.

        Raises:
            PortTaken: one of the ports cannot be opened; nothing was started.
        """
        settings = self.parts.settings
        if settings.grpc_port is not None:
            require_free(settings.host, settings.grpc_port, "gRPC port")
        sockets = sockets or listen(settings.host, settings.port)
        with ExitStack() as opened:
            for each in sockets:
                opened.enter_context(each)
            if settings.metrics_port is not None:
                metrics_server = metrics.serve(
                    settings.metrics_port,
                    settings.host,
                    self.parts.registry,
                    header_timeout_s=settings.header_timeout_s,
                )
                opened.callback(metrics_server.close)
                self.metrics_port = metrics_server.port
            await self._serve_on(sockets)

    async def _serve_on(self, sockets: list[Any]) -> None:
        parts = self.parts
        await parts.transcriber.start()
        grpc_server = await start_grpc(parts.admission, parts.authenticator, parts.settings)
        health = asyncio.create_task(_report_health(parts, grpc_server))
        self._grpc_server = grpc_server
        self.grpc_port = grpc_server.port if grpc_server else None
        try:
            await super().serve(sockets)
        finally:
            health.cancel()
            if grpc_server is not None:
                await grpc_server.stop(GRPC_GRACE_S)
            await parts.transcriber.stop(0.0)

    async def startup(self, sockets: list[Any] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self.bound_port = self.servers[0].sockets[0].getsockname()[1]
            if self._on_listening is not None:
                self._on_listening(self.bound_port, self.grpc_port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain at the first signal."""
        if self._draining is not None or self._loop is None or not self.started:
            super().handle_exit(sig, frame)
            return
        self._loop.call_soon_threadsafe(self.leave)

    def leave(self) -> None:
        """Drain, then stop; returns at once."""
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._leave())

    async def _leave(self) -> None:
        try:
            if self._grpc_server is not None:
                await self._grpc_server.leave()
            await drain(self.parts.admission, self.parts.resume, self.parts.settings.drain_s)
        finally:
            self.should_exit = True


async def _report_health(parts: Parts, grpc_server: AsyncGrpcServer | None) -> None:
    """Keep the standard gRPC health service in step with `/readyz`."""
    if grpc_server is None:
        return
    async for _ in parts.transcriber.subscribe_model():
        await grpc_server.set_serving(parts.transcriber.readiness().ready)


def _config(parts: Parts) -> uvicorn.Config:
    settings: ServerSettings = parts.settings
    adapt_uvicorn_log()
    return uvicorn.Config(
        create_app(parts),
        host=settings.host,
        port=settings.port,
        http=timed_http(settings.header_timeout_s),
        ws=Socket,
        ws_max_size=MAX_MESSAGE_BYTES,
        # A compressed message can be a thousand times its size, and each connection would hold a dictionary.
        ws_per_message_deflate=False,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        lifespan="off",
    )
