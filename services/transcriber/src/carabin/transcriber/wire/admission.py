"""Who may open a session over any protocol, what it may use, and what the audit log keeps of it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from carabin.service.access.identity import ANONYMOUS, Identity
from carabin.service.tracing import current_trace_id

from ..access import audit
from ..access.audit import AuditRecord
from ..access.quotas import AudioBudget, SessionCount
from ..core.api import DictationStream, Transcriber
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import Draining
from ..core.events import Event, Final
from .metrics import WireMetrics
from .status import status_of

log = logging.getLogger(__name__)

LOADING_S = 25.0
"""How long an upload or a call waits for a model that it names; the published streaming client waits 30 s."""
AUDIO_RATE = 8.0
"""Audio seconds per second that one identity may send: one speaker sends 1, a ward's eight sessions send 8."""
AUDIO_BURST_S = 120.0
"""Audio seconds that may come at once: what a client kept over a minute's break, twice."""


class AdmittedSession:
    """One admitted session: its dictation, its budget and its audit record."""

    def __init__(
        self, admission: "Admission", dictation: DictationStream, identity: Identity, record: AuditRecord
    ) -> None:
        self.dictation = dictation
        self.identity = identity
        self.record = record
        self.ending = asyncio.Event()
        """Set when the service wants the session to come to its end."""
        self._admission = admission
        self._budget = admission.budget_of(identity)
        self._closed = False

    def count_audio(self, n_samples: int) -> float:
        """Count audio and return how many seconds to wait before reading more of it."""
        audio_s = n_samples / SAMPLE_RATE_HZ
        self.record.audio_s += audio_s
        return self._budget.take(audio_s, self._admission.clock())

    def left_s(self) -> float:
        """Return the seconds until the session has lasted as long as any may, over however many connections."""
        return max(0.0, self._admission.session_s - (self._admission.clock() - self.record.started_s))

    def record_event(self, event: Event) -> None:
        """Keep what the audit log may know of an event."""
        if isinstance(event, Final):
            self.record.wrote(event.model_version)

    def close(self, outcome: str) -> None:
        """End the session's part in all limits; the first outcome counts."""
        if not self._closed:
            self._closed = True
            self._admission.leave(self, outcome)


class Admission:
    """Opens sessions for all protocols, so that limits, audit and draining hold across them."""

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        sessions_per_identity: int,
        metrics: WireMetrics,
        session_s: float = 4 * 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.transcriber = transcriber
        self.metrics = metrics
        self.clock = clock
        self.session_s = session_s
        """The longest session."""
        self.draining = False
        self.sessions: set[AdmittedSession] = set()
        self._uploads = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self._count = SessionCount(sessions_per_identity)
        self.audio_rate, self.audio_burst_s = AUDIO_RATE, AUDIO_BURST_S
        self._budgets: dict[str, AudioBudget] = {}

    def admit(
        self, config: SessionConfig, identity: Identity, protocol: str, address: str, *, recording: bool = False
    ) -> AdmittedSession:
        """Open a session, of the trace that is bound here.

        Args:
            recording: its audio is a file that is here already.

        Raises:
            Draining, IdentityLimit, and what `Transcriber.open` raises.
        """
        if self.draining:
            raise Draining
        self._enter(identity)
        try:
            dictation = self.transcriber.open(config, identity.name, recording=recording)
        except BaseException:
            self._leave(identity)
            raise
        record = AuditRecord(dictation.id, identity.name, protocol, current_trace_id(), address, self.clock())
        admitted = AdmittedSession(self, dictation, identity, record)
        self.sessions.add(admitted)
        self._empty.clear()
        audit.opened(record)
        return admitted

    async def wait_for_model(self, name: str | None) -> None:
        """Wait for a model that is loaded on demand, at most `LOADING_S`; the default's callers are told at once."""
        if name is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOADING_S):
                    await self.transcriber.wait_for_model(name)

    @contextmanager
    def place(self, identity: Identity) -> Iterator[None]:
        """Count an upload among the identity's sessions while its body comes in; `admit` follows without a pause.

        Raises:
            Draining, IdentityLimit
        """
        if self.draining:
            raise Draining
        self._enter(identity)
        self._uploads += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._leave(identity)
            self._uploads -= 1
            self._note_empty()

    def leave(self, admitted: AdmittedSession, outcome: str) -> None:
        """Take a session out of all counts."""
        self.sessions.discard(admitted)
        self._leave(admitted.identity)
        self.closed(admitted.record, outcome)
        self._note_empty()

    def closed(self, record: AuditRecord, outcome: str) -> None:
        """Write to the audit log and count in the metrics that a session or an upload ended."""
        audit.closed(record, outcome, self.clock())
        self.metrics.sessions.labels(record.protocol, outcome.replace(" ", "_")).inc()

    def refused(self, identity: Identity | None, protocol: str, address: str, error: BaseException) -> None:
        """Write to the audit log and count in the metrics that somebody was refused."""
        label = status_of(error).label
        audit.refused(identity.name if identity else None, protocol, address, label)
        self.metrics.refused.labels(protocol, label).inc()

    def budget_of(self, identity: Identity) -> AudioBudget:
        """Return the audio budget that all sessions of an identity share; anonymous sessions have one each."""
        if identity.name == ANONYMOUS:
            return AudioBudget(self.audio_rate, self.audio_burst_s)
        return self._budgets.setdefault(identity.name, AudioBudget(self.audio_rate, self.audio_burst_s))

    async def wait_empty(self) -> None:
        """Return when no session is open."""
        await self._empty.wait()

    def _note_empty(self) -> None:
        if not self.sessions and not self._uploads:
            self._empty.set()

    def _enter(self, identity: Identity) -> None:
        # Without authentication nobody can be distinguished from anybody else: only the core's own limit holds.
        if identity.name != ANONYMOUS:
            self._count.enter(identity.name)

    def _leave(self, identity: Identity) -> None:
        if identity.name != ANONYMOUS:
            self._count.leave(identity.name)
