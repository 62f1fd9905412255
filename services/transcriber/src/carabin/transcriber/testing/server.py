"""The transcriber's real server over its fake engine, in a thread of its own, for the tests of the client."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from ..http.app import make_parts
from ..http.server import Server
from ..settings.server import ServerSettings
from .transcriber import FakeTranscriber

RATE_HZ = 16_000


class ThreadedServer:
    """A running server; `call` does something on its event loop."""

    def __init__(self, transcriber: FakeTranscriber, **settings: Any) -> None:
        self.transcriber = transcriber
        self._settings = {"port": 0, "grpc_port": None, "drain_s": 0.2} | settings
        self._listening = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="server")

    @property
    def url(self) -> str:
        """The WebSocket address."""
        return f"ws://127.0.0.1:{self.server.bound_port}"

    def start(self) -> None:
        self._serving = self._pool.submit(lambda: asyncio.run(self._serve()))
        assert self._listening.wait(20)

    def stop(self) -> None:
        self.call(lambda: setattr(self.server, "should_exit", True))
        self._serving.result(20)
        self._pool.shutdown()

    def call(self, action: Callable[[], Any]) -> Any:
        """Run an action on the server's loop and return what it returns."""

        async def run() -> Any:
            return action()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def cut(self) -> None:
        """Break every connection, as a network does."""

        def abort() -> None:
            for connection in list(self.server.server_state.connections):
                connection.transport.abort()

        self.call(abort)

    def forget(self) -> None:
        """Lose every session and its connection, as a replica that was restarted."""

        def abandon() -> None:
            for connection in list(self.server.server_state.connections):
                connection.transport.abort()
            for session in list(self.server.parts.resume._sessions.values()):
                self.server.parts.resume.remove(session)
                session.abandon()

        self.call(abandon)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        parts = make_parts(self.transcriber, ServerSettings(**self._settings), CollectorRegistry())
        self.server = Server(parts, lambda *_: self._listening.set())
        await self.server.serve()


@contextmanager
def serving(transcriber: FakeTranscriber | None = None, **settings: Any) -> Iterator[ThreadedServer]:
    """Serve for as long as the block lasts."""
    server = ThreadedServer(transcriber or FakeTranscriber(), **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def speech(seconds: float) -> np.ndarray:
    """What the fake takes for speech, one word each 0.4 s."""
    return np.full(int(seconds * RATE_HZ), 0.5, np.float32)


def silence(seconds: float) -> np.ndarray:
    """What ends the fake's utterance."""
    return np.zeros(int(seconds * RATE_HZ), np.float32)
