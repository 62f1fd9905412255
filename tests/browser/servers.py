"""A real server in a thread, and a wire to it that can be cut."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any

import uvicorn
from carabin.transcriber.core.api import Transcriber
from carabin.transcriber.http.app import create_app, make_parts
from carabin.transcriber.settings.server import ServerSettings
from fastapi import FastAPI
from prometheus_client import CollectorRegistry


class LoopThread:
    """An event loop of its own, for servers that the browser's thread must not block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine there and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Announced(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class AppServer:
    """One application on a free port of this machine."""

    def __init__(self, loop: LoopThread, app: FastAPI) -> None:
        self._loop = loop
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1)
        self._server = _Announced(config)
        self._task: asyncio.Task[None] = loop.run(self._start())

    async def _start(self) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        await self._server.up.wait()
        return task

    def stop(self) -> None:
        self._loop.run(self._stop())

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._task
        self._socket.close()


def serve(loop: LoopThread, transcriber: Transcriber) -> AppServer:
    """Serve a transcriber that is started as the shipped service does, by the environment's settings."""
    parts = make_parts(transcriber, ServerSettings.load(), CollectorRegistry(), lambda: ["cardiologie"])
    return AppServer(loop, create_app(parts))


class Wire:
    """Passes bytes on to a port until it is cut."""

    def __init__(self, loop: LoopThread, target: int) -> None:
        self._loop = loop
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._down = False
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break every connection, and every new one until `mend()`."""
        self._loop.run(self._cut())

    def mend(self, target: int | None = None) -> None:
        """Let connections through again, from now on to another port where one is given."""
        self._target = self._target if target is None else target
        self._down = False

    def stop(self) -> None:
        self.cut()
        self._loop.run(self._close())

    async def _close(self) -> None:
        self._server.close()

    async def _cut(self) -> None:
        self._down = True
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_pass(reader, there_writer), _pass(there_reader, writer))
        self._writers -= {writer, there_writer}


class StrippingProxy:
    """A reverse proxy that serves a port under a path, and may say another host than the browser's."""

    def __init__(self, loop: LoopThread, target: int, path: str, host: str | None = None) -> None:
        self._loop = loop
        self._target = target
        self._path = path.encode()
        self._host = host
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._loop.run(self._stop())

    async def _stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        method, _, rest = head.partition(b" ")
        address, _, rest = rest.partition(b" ")
        address = address.removeprefix(self._path) or b"/"
        lines = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection: keep-alive")]
        if self._host is not None:
            host = f"Host: {self._host}".encode()
            lines = [host if line.lower().startswith(b"host:") else line for line in lines]
        if b"upgrade: websocket" not in head.lower():  # One request each: the next one has a path to take away as well.
            lines.insert(1, b"Connection: close")
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(there_writer)
        there_writer.write(b" ".join((method, address, b"\r\n".join(lines))))
        await asyncio.gather(_pass(reader, there_writer), _pass(there_reader, writer))
        self._writers -= {writer, there_writer}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
