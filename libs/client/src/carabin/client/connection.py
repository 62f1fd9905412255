"""One dictation over WebSocket connections that may break and be taken up again.

Over 200 lines: one dictation, whose sending, reading and reconnecting share one state.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ssl import SSLCertVerificationError, SSLError
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from carabin.service.tracing import HEADER, traceparent
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from .audio_tail import AudioTail, Samples
from .errors import ClientError, ConnectionLost, ServerDraining, ServerNotReady, ServerRefused, ServerUnreachable
from .events import Acknowledged, Event, FinalText, Flushed, Ready, Resumed
from .messages import Reader, parse_message
from .options import Options

RATE_HZ = 16_000
FRAME_SAMPLES = 4096
"""What the published WhisperLive client sends at a time: 256 ms."""
RESUME_S = 60.0
"""How long to try to come back: what a server keeps a session for."""
RETRY_S = 0.5
OPEN_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Hosts of this machine alone, which no proxy that the environment names can reach."""
_NORMAL, _ABNORMAL = 1000, 1006


class LiveDictation:
    """An open dictation: send audio, iterate over events; made by `connect`."""

    def __init__(self, url: str, options: Options, token: str | None, resume_s: float) -> None:
        self.uid = str(uuid.uuid4())
        self.ready: Ready | None = None
        self._url, self._options, self._token, self._resume_s = url, options, token, resume_s
        self._socket: ClientConnection | None = None
        self._traceparent = traceparent()
        self._reader = Reader()
        self._tail = AudioTail()
        self._next = 0
        self._session_start = 0
        self._resume_token: str | None = None
        self._acknowledged_s = 0.0
        self._unanswered = 0
        """Flushes that no `Flushed` has answered yet."""
        self._ended = False
        self._events: asyncio.Queue[Event | ClientError | None] = asyncio.Queue()
        self._sending = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and wait until the server takes audio.

        Raises:
            ServerUnreachable, ServerBusy, ServerRefused
        """
        deadline = time.monotonic() + OPEN_S
        while True:
            try:
                await self._connect()
                break
            except ServerDraining:  # a balancer sends new connections to a replica until it notices that it leaves
                if time.monotonic() >= deadline:
                    raise
                await asyncio.sleep(RETRY_S)
        self._task = asyncio.create_task(self._read(), name=f"dictation {self.uid}")

    async def send(self, samples: Samples) -> None:
        """Send audio; while the connection is broken it is kept and sent later.

        Args:
            samples: (n,) float32 at 16 kHz, mono, in [-1, 1]; any n. They are copied: the array may be used again.
        """
        self._tail.add(np.array(samples, np.float32))
        await self._send_rest()

    async def flush(self) -> None:
        """Ask that all audio so far becomes final; one `Flushed` event answers, over a broken connection too."""
        self._unanswered += 1
        await self._send_flush()

    async def finish(self) -> None:
        """Say that no more audio comes; the events end after the last final."""
        self._ended = True
        await self._send_rest()
        await self._send_end()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the server has said all.

        Raises:
            ServerBusy, ServerRefused, BadServerMessage, ConnectionLost
        """
        while (event := await self._events.get()) is not None:
            if isinstance(event, ClientError):
                raise event
            yield event

    async def close(self) -> None:
        """Leave at once; what is not final is lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _connect(self) -> dict[str, Any]:
        headers = {HEADER: self._traceparent}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        hello = self._options.hello(self.uid)
        if self._resume_token:
            hello |= {
                "resume_token": self._resume_token,
                "resume_after": self._reader.session_utterance,
                "resume_commands": self._reader.session_commands,
            }
        self._socket = await _open(self._url, headers)
        try:
            await self._socket.send(json.dumps(hello))
            async with asyncio.timeout(OPEN_S * 6):
                answer = parse_message(await self._socket.recv())
            for event in self._reader.read(answer):
                if isinstance(event, Ready):
                    self.ready = event
                self._events.put_nowait(event)
        except (ConnectionClosed, TimeoutError) as error:
            raise ServerUnreachable(f"{self._url} closed the connection before it was ready") from error
        except BaseException:
            await self._socket.close()
            raise
        self._resume_token = answer.get("resume_token")
        return answer

    async def _read(self) -> None:
        """Read until the end, over as many connections as it takes."""
        try:
            while not await self._read_connection():
                await self._come_back()
            self._events.put_nowait(None)
        except ClientError as error:
            self._events.put_nowait(error)
        except Exception as error:
            # Whoever iterates must not wait for a reader that has ended.
            self._events.put_nowait(ConnectionLost(f"reading failed ({type(error).__name__})"))
            raise

    async def _read_connection(self) -> bool:
        """Return True when the server ended the dictation, False when the connection broke."""
        assert self._socket is not None
        disconnect = False
        try:
            async for text in self._socket:
                message = parse_message(text)
                disconnect = disconnect or message.get("message") == "DISCONNECT"
                for event in self._reader.read(message):
                    self._take(event)
        except ConnectionClosed:
            pass
        code, reason = self._socket.close_code, self._socket.close_reason
        if code == _NORMAL and self._ended:
            return True
        # A replica that is killed, or a balancer, may break the connection between DISCONNECT and its reason.
        broke = code == 1012 or (code == _ABNORMAL and self._resume_token is not None)
        if code in (_NORMAL, 1008) or (disconnect and not broke):
            raise ServerRefused(reason or "it closed the session", code or 0)
        return False

    def _take(self, event: Event) -> None:
        if isinstance(event, Acknowledged):
            self._acknowledge(event.audio_s)
        if isinstance(event, FinalText):
            # Its acknowledgement may be lost with its session, and a new one would write the same words again.
            self._acknowledge(event.end_s)
        if isinstance(event, Flushed):
            if not self._unanswered:
                return  # the answer to one that was asked again behind a break and is answered already
            self._unanswered -= 1
        self._events.put_nowait(event)

    def _acknowledge(self, audio_s: float) -> None:
        self._acknowledged_s = max(self._acknowledged_s, audio_s)
        self._tail.let_go(min(self._next, round(self._acknowledged_s * RATE_HZ)))

    async def _come_back(self) -> None:
        """Connect again; go on in the same session, or in a new one with the audio that was not acknowledged."""
        if self._resume_token is None:
            raise ConnectionLost("the connection broke, and this server cannot resume a dictation")
        deadline = time.monotonic() + self._resume_s
        async with self._sending:
            while True:
                try:
                    answer = await self._connect()
                    break
                except ClientError as error:
                    refused = isinstance(error, ServerRefused) and not isinstance(error, ServerNotReady)
                    if refused or time.monotonic() >= deadline:
                        raise ConnectionLost(f"the connection broke and did not come back: {error}") from error
                    await asyncio.sleep(RETRY_S)
            if answer.get("resumed"):
                self._next = self._session_start + int(answer["received_samples"])
            else:
                self._next = self._session_start = round(self._acknowledged_s * RATE_HZ)
                self._reader.begin_session(self._session_start / RATE_HZ)
            self._events.put_nowait(Resumed(bool(answer.get("resumed"))))
        await self._send_rest()
        for _ in range(self._unanswered):
            await self._send_flush()
        if self._ended:
            await self._send_end()

    async def _send_rest(self) -> None:
        """Send what was not sent yet; a broken connection ends that quietly, as reading notices it too."""
        with suppress(ConnectionClosed):
            async with self._sending:
                assert self._socket is not None
                for part in self._tail.since(self._next):
                    for place in range(0, len(part), FRAME_SAMPLES):
                        frame = part[place : place + FRAME_SAMPLES]
                        await self._socket.send(frame.astype("<f4").tobytes())
                        self._next += len(frame)
                if self._resume_token is None:
                    self._tail.let_go(self._next)

    async def _send_end(self) -> None:
        with suppress(ConnectionClosed):
            async with self._sending:
                assert self._socket is not None
                await self._socket.send(b"END_OF_AUDIO")

    async def _send_flush(self) -> None:
        with suppress(ConnectionClosed):
            assert self._socket is not None
            await self._socket.send(json.dumps({"event": "flush"}))


@asynccontextmanager
async def connect(
    url: str, options: Options | None = None, *, token: str | None = None, resume_s: float = RESUME_S
) -> AsyncIterator[LiveDictation]:
    """Open a dictation and close it behind the block.

    Args:
        url: such as ws://localhost:9090 or wss://dictation.example.
        token: sent in the Authorization header, never in the URL.

    Raises:
        ServerUnreachable, ServerBusy, ServerRefused
    """
    dictation = LiveDictation(url, options or Options(), token, resume_s)
    await dictation.open()
    try:
        yield dictation
    finally:
        await dictation.close()


async def _open(url: str, headers: dict[str, str]) -> ClientConnection:
    proxy: Literal[True] | None = None if urlsplit(url).hostname in LOOPBACK else True
    try:
        return await open_websocket(
            url, additional_headers=headers, compression=None, max_size=None, open_timeout=OPEN_S, proxy=proxy
        )
    except InvalidStatus as error:
        status = error.response.status_code
        reason = (error.response.body or b"").decode(errors="replace").strip() or f"HTTP status {status}"
        if status in (401, 403):
            raise ServerRefused(reason, status) from error
        raise ServerUnreachable(f"{url} answers no WebSocket: {reason}") from error
    except InvalidURI as error:
        raise ServerUnreachable(f"{url} is no WebSocket address: write ws://host:port or wss://host:port") from error
    except SSLCertVerificationError as error:
        raise ServerUnreachable(f"{url}: its certificate is not trusted: {error.verify_message}") from error
    except SSLError as error:
        raise ServerUnreachable(f"{url} does not speak TLS: if it is a plain server, write ws://") from error
    except InvalidMessage as error:
        hint = ": if it speaks TLS, write wss://" if url.startswith("ws:") else ""
        raise ServerUnreachable(f"{url} answers no WebSocket{hint}") from error
    except (OSError, TimeoutError, InvalidHandshake, WebSocketException) as error:
        raise ServerUnreachable(f"nothing answers at {url}: is the server running there?") from error
