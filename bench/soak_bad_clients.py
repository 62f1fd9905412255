"""Clients that do what none should; none of it may cost anybody else anything."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

import numpy as np
from live_audio import RATE_HZ, Samples
from soak_clients import Scene
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, WebSocketException

ACT_S = 60.0


async def misbehave_for_ever(scene: Scene, every_s: float) -> None:
    """Do each of these in turn, again and again."""
    client = BadClient(scene.clips[0].samples)
    for act in itertools.cycle(client.acts):
        if scene.over:
            return
        with suppress(ConnectionClosed, WebSocketException, OSError, TimeoutError):
            async with open_websocket(
                f"ws://127.0.0.1:{scene.port}", additional_headers=scene.bearer(2), compression=None, open_timeout=20
            ) as socket:
                await asyncio.wait_for(act(socket), ACT_S)
        scene.counts.bad += 1
        await asyncio.sleep(every_s)


class BadClient:
    """Each act takes an open WebSocket that was sent nothing yet."""

    def __init__(self, speech: Samples) -> None:
        self._speech = speech
        self.acts: tuple[Callable[[ClientConnection], Awaitable[None]], ...] = (
            self.send_no_json,
            self.send_audio_first,
            self.tear_a_frame,
            self.send_text_amid_audio,
            self.send_too_much,
            self.send_no_numbers,
            self.send_ten_minutes_at_once,
            self.vanish_and_never_resume,
            self.never_read,
            self.send_nothing,
        )

    async def send_no_json(self, socket: ClientConnection) -> None:
        await socket.send("{" * 5000)
        await _until_closed(socket)

    async def send_audio_first(self, socket: ClientConnection) -> None:
        await socket.send(b"\1\2\3")
        await _until_closed(socket)

    async def send_nothing(self, socket: ClientConnection) -> None:
        await _until_closed(socket)

    async def tear_a_frame(self, socket: ClientConnection) -> None:
        await _configure(socket)
        await socket.send(self._speech[:30_000].tobytes())
        await socket.send(b"\0" * 4097)
        await _until_closed(socket)

    async def send_text_amid_audio(self, socket: ClientConnection) -> None:
        await _configure(socket)
        await socket.send(self._speech[:30_000].tobytes())
        await socket.send("what is this")
        await _until_closed(socket)

    async def send_too_much(self, socket: ClientConnection) -> None:
        await _configure(socket)
        await socket.send(b"\0" * (3 << 20))
        await _until_closed(socket)

    async def send_no_numbers(self, socket: ClientConnection) -> None:
        await _configure(socket)
        await socket.send(np.full(4000, np.nan, "<f4").tobytes())
        await socket.send(np.full(4000, 3e8, "<f4").tobytes())
        await socket.send(b"END_OF_AUDIO")
        await _until_closed(socket)

    async def send_ten_minutes_at_once(self, socket: ClientConnection) -> None:
        await _configure(socket)
        for _ in range(60):
            await socket.send(np.zeros(RATE_HZ * 10, "<f4").tobytes())
        socket.transport.abort()

    async def vanish_and_never_resume(self, socket: ClientConnection) -> None:
        await _configure(socket, resume=True)
        await socket.send(self._speech.tobytes())
        socket.transport.abort()

    async def never_read(self, socket: ClientConnection) -> None:
        socket.transport.pause_reading()
        await socket.send(json.dumps({"uid": "never-reads", "language": "fr"}))
        for _ in range(10):
            await socket.send(self._speech[:16_000].tobytes())
            await asyncio.sleep(1.0)
        socket.transport.abort()


async def _configure(socket: ClientConnection, **fields: object) -> None:
    await socket.send(json.dumps({"uid": "bad", "language": "fr", "events": True} | fields))
    await socket.recv()


async def _until_closed(socket: ClientConnection) -> None:
    async for _ in socket:
        pass
