"""One WhisperLive session between the core and a socket that may be replaced."""

import asyncio
import logging
import secrets

from ..core.api import ModelInfo
from ..core.config import SAMPLE_RATE_HZ
from ..wire.admission import AdmittedSession
from ..wire.pcm import push_frame
from ..wire.status import sentence_of
from . import messages
from .hello import Hello
from .outgoing import OutgoingMessages
from .resume import ResumableSessions

log = logging.getLogger(__name__)


class LiveSession:
    """Audio in, messages out; it goes on while its client reconnects."""

    def __init__(
        self, admitted: AdmittedSession, hello: Hello, warnings: tuple[str, ...], resumable: ResumableSessions
    ) -> None:
        self.uid = hello.uid
        self.owner = admitted.identity.name
        self.token = secrets.token_urlsafe(24)
        self.hello = hello
        self.admitted = admitted
        self.outbox = OutgoingMessages(hello, warnings)
        self.received_samples = 0
        self.outcome = "ended"
        self._resumable = resumable
        self.connection = 0
        """Which of its connections it is on: each that takes it over has the next number."""
        self._superseded = asyncio.Event()
        self.held = False
        """Its connection broke and its client may come back."""
        self._finishing: asyncio.Task[None] | None = None
        self._pump = asyncio.create_task(self._run(), name=f"events of {admitted.dictation.id}")
        if hello.resume:
            resumable.add(self)

    def push(self, frame: bytes) -> float:
        """Take one audio frame; return how many seconds to wait before reading the next.

        Raises:
            TornFrame, WrongAudioFormat, SessionClosed
        """
        n_samples = push_frame(self.admitted.dictation, self.hello.audio, frame)
        self.received_samples += n_samples
        return self.admitted.count_audio(n_samples)

    async def flush(self) -> None:
        """Make everything pushed so far final."""
        await self.admitted.dictation.flush()

    async def finish(self) -> None:
        """Make everything final and end; the outbox closes behind the last message.

        It goes on when the caller is cancelled, so that a client that loses its connection here finds its text.
        """
        if self._finishing is None:
            self._finishing = asyncio.create_task(self.admitted.dictation.finish())
        await asyncio.shield(self._finishing)
        await asyncio.shield(self._pump)

    def cancel(self, outcome: str) -> None:
        """Forget the session at once."""
        self.outcome = outcome
        self.admitted.dictation.cancel()

    def hold(self, connection: int) -> None:
        """That connection broke: wait for the client to come back, unless it is here over another one already."""
        if connection != self.connection:
            return
        log.info("session held", extra=self.ids("session_held", received_s=self.received_samples / SAMPLE_RATE_HZ))
        self.held = True
        self.admitted.dictation.hold()
        self._resumable.hold(self)

    def abandon(self) -> None:
        self.held = False
        self.cancel("abandoned")

    def supersede(self) -> None:
        """Another connection takes this session over."""
        self.connection += 1
        self._superseded.set()
        self._superseded = asyncio.Event()

    async def superseded(self, connection: int) -> None:
        """Return when the session is on a later connection than this one."""
        while connection == self.connection:
            await self._superseded.wait()

    def ready(self, model: ModelInfo, *, resumed: bool) -> str:
        """The SERVER_READY message, with what a client needs to resume where it asked for that."""
        ours: dict[str, object] = {}
        if self.hello.resume:
            ours = {
                "resumed": resumed,
                "resume_token": self.token,
                "resume_window_s": self._resumable.window_s,
                "received_samples": self.received_samples,
                "acknowledged_s": round(self.outbox.acknowledged_s, 3),
            }
        return messages.ready(self.uid, self.admitted.dictation.id, model, **ours)

    def ids(self, event: str, **fields: object) -> dict[str, object]:
        """Return the fields that identify this session in the log."""
        return {
            "event": event,
            "session": self.admitted.dictation.id,
            "trace_id": self.admitted.record.trace_id,
            **fields,
        }

    async def _run(self) -> None:
        try:
            async for event in self.admitted.dictation.events():
                self.admitted.record_event(event)
                self.outbox.add(event)
        except Exception as error:
            # The text of a foreign exception may hold anything: only its kind is logged.
            log.error("session failed", extra=self.ids("session_failed", error=type(error).__name__))
            self.outbox.failed = sentence_of(error)
            self.admitted.dictation.cancel()
        finally:
            if self.outbox.failed is not None:
                self.outcome = "failed"
            self.outbox.close()
            self.admitted.close(self.outcome)


def take_up(resumable: ResumableSessions, hello: Hello, owner: str) -> LiveSession | None:
    """Return the session that this client wants back, or None when it is gone or was never its own."""
    if hello.resume_token is None:
        return None
    session = resumable.take(hello.uid, hello.resume_token, owner)
    if session is None:
        return None
    session.held = False
    session.admitted.dictation.resume()
    session.outbox.resend_after(hello.resume_after, hello.resume_commands)
    return session


def model_warning(hello: Hello, model: ModelInfo) -> tuple[str, ...]:
    """Say that a client's `model` is read and loads nothing, when it is another than the one that serves."""
    if not hello.model or hello.model == model.name:
        return ()
    return (f"the server chooses the model: {model.name} {model.version} answers, {hello.model[:80]!r} is not loaded",)
