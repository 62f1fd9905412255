"""A running server over the fake transcriber, and a raw WhisperLive client, for the tests of the protocols."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from carabin.service.access.identity import Authenticator
from carabin.transcriber.http.app import make_parts
from carabin.transcriber.http.server import Server
from carabin.transcriber.settings.server import ServerSettings
from carabin.transcriber.testing.transcriber import FakeTranscriber
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

RATE_HZ = 16_000
HELLO = {"uid": "u1", "language": "fr", "task": "transcribe", "model": "fake", "use_vad": True}
"""What the first WhisperLive clients sent, and all since send too."""


@asynccontextmanager
async def running(
    transcriber: FakeTranscriber | None = None, *, authenticator: Authenticator | None = None, **settings: Any
) -> AsyncIterator[Server]:
    """Serve on a free port of loopback; `server.parts` and `server.bound_port` are there for the test."""
    chosen = {"port": 0, "grpc_port": None, "drain_s": 0.2} | settings
    parts = make_parts(transcriber or FakeTranscriber(), ServerSettings(**chosen), CollectorRegistry())
    if authenticator is not None:
        parts = replace(parts, authenticator=authenticator)
    listening = asyncio.Event()
    server = Server(parts, lambda *_: listening.set())
    task = asyncio.create_task(server.serve())
    waiter = asyncio.create_task(listening.wait())
    await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
    if not listening.is_set():
        waiter.cancel()
        await task
    try:
        yield server
    finally:
        server.should_exit = True
        await task


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until something of the server's inside is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # the server has no event for what only a test wants to know
            await asyncio.sleep(0)


def speech(seconds: float) -> bytes:
    """Float32 audio that the fake takes for speech, one word each 0.4 s."""
    return np.full(int(seconds * RATE_HZ), 0.5, "<f4").tobytes()


def silence(seconds: float) -> bytes:
    """Float32 audio that ends the fake's utterance."""
    return np.zeros(int(seconds * RATE_HZ), "<f4").tobytes()


class RawClient:
    """Sends and receives as a test says, right or wrong."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.patience_s = 10.0
        """For each message; a real model on a busy machine needs more."""
        self.messages: list[dict[str, Any]] = []

    async def hello(self, **fields: Any) -> dict[str, Any]:
        """Send a configuration and return the first answer."""
        await self.socket.send(json.dumps(HELLO | fields))
        return await self.next()

    async def send(self, *frames: bytes | str) -> None:
        for frame in frames:
            await self.socket.send(frame)

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), self.patience_s))
        self.messages.append(message)
        return message

    async def until(self, key: str) -> dict[str, Any]:
        """Return the next message with this key."""
        while key not in (message := await self.next()):
            pass
        return message

    async def rest(self) -> tuple[int | None, str | None]:
        """Read to the end and return the close code and reason."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self.socket.close_code, self.socket.close_reason

    @property
    def finals(self) -> list[dict[str, Any]]:
        """Every completed segment that was sent, once, in order."""
        seen = {}
        for message in self.messages:
            for segment in message.get("segments", ()):
                if segment["completed"]:
                    seen.setdefault(segment["start"], segment)
        return list(seen.values())


@asynccontextmanager
async def client(server: Server, path: str = "/", **options: Any) -> AsyncIterator[RawClient]:
    """Connect to a running server."""
    url = f"ws://127.0.0.1:{server.bound_port}{path}"
    async with connect(url, compression=None, close_timeout=5, **options) as socket:
        yield RawClient(socket)


async def dictate(server: Server, **hello: Any) -> RawClient:
    """Run one short dictation to its end."""
    async with client(server) as raw:
        await raw.hello(**hello)
        await raw.send(speech(1.1), silence(1), b"END_OF_AUDIO")
        await raw.rest()
        return raw
