"""A live session over the fake transcriber, and a socket whose messages a test writes: no network, no port."""

import asyncio
import json
from typing import Any

from carabin.service.access.identity import Identity
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive.hello import parse_hello
from carabin.transcriber.whisperlive.resume import ResumableSessions
from carabin.transcriber.whisperlive.session import LiveSession
from carabin.transcriber.wire.admission import Admission
from carabin.transcriber.wire.metrics import WireMetrics
from prometheus_client import CollectorRegistry
from starlette.websockets import WebSocket

from ..helpers.servers import HELLO

OWNER = Identity("ward-1")


class Room:
    """What the sessions of one service share; its clock stands unless a test turns it."""

    def __init__(self, window_s: float = 60.0, **limits: float) -> None:
        self.now_s = 0.0
        self.transcriber = FakeTranscriber()
        self.resumable = ResumableSessions(window_s)
        self._registry = CollectorRegistry()
        self.admission = Admission(
            self.transcriber,
            sessions_per_identity=10,
            metrics=WireMetrics(self._registry),
            clock=lambda: self.now_s,
            **limits,
        )

    async def session(self, **hello: Any) -> LiveSession:
        """Open a session as a client with these fields in its first message would."""
        await self.transcriber.start()
        chosen = parse_hello(json.dumps(HELLO | hello))
        admitted = self.admission.admit(chosen.session, OWNER, "whisperlive", "10.0.0.7")
        return LiveSession(admitted, chosen, (), self.resumable)

    def dictation(self, session: LiveSession) -> FakeDictation:
        return self.transcriber.dictations[session.admitted.dictation.id]

    def ended(self) -> dict[str, float]:
        """Return how many sessions ended with each outcome."""
        return {
            sample.labels["outcome"]: sample.value
            for metric in self._registry.collect()
            for sample in metric.samples
            if sample.name == "carabin_transcriber_wire_sessions_total"
        }


class Wire:
    """A socket that a test feeds; what the server sends stands in `sent`."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        """Cleared by a test whose client takes no message."""
        self.reads.set()
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.socket = WebSocket({"type": "websocket", "client": None, "headers": []}, self._receive, self._send)  # type: ignore[arg-type]

    async def open(self) -> WebSocket:
        """Accept the connection, as the endpoint does before a session."""
        await self.socket.accept()
        self.sent.clear()
        return self.socket

    def says(self, *messages: bytes | str) -> None:
        """Let the client send messages."""
        for message in messages:
            kind = "bytes" if isinstance(message, bytes) else "text"
            self._incoming.put_nowait({"type": "websocket.receive", kind: message})

    def leaves(self, code: int) -> None:
        """Let the client's side end."""
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": code})

    @property
    def texts(self) -> list[dict[str, Any]]:
        """The messages that were sent."""
        return [json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send"]

    @property
    def closed(self) -> tuple[int, str] | None:
        """The close code and reason, once there is one."""
        return next(((end["code"], end["reason"]) for end in self.sent if end["type"] == "websocket.close"), None)

    async def _receive(self) -> dict[str, Any]:
        return await self._incoming.get()

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.sent.append(message)
