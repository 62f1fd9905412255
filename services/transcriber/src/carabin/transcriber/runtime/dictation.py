"""The bridge between the event loop, where clients are, and the sessions' thread.

Over 200 lines: which thread may touch what is only seen where both sides stand together.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace

import numpy as np
from carabin.service.logging import bind, describe_error

from ..core.api import Samples
from ..core.audio_check import AudioCheck
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import ImpossibleAudio, SessionClosed
from ..core.events import Event, FlushFinished, SessionFailed, SessionWarning
from ..streaming.decode_context import DecodeContext
from ..streaming.session import PromptFor, Session
from ..streaming.state import SessionState
from .backlog import AudioBacklog, SessionBacklog

log = logging.getLogger(__name__)

SLICE_SAMPLES = SAMPLE_RATE_HZ
"""Audio processed at a time: a client that sends an hour at once waits for its turn after each second of it, and the
packets that came while others had theirs are processed as one, for less."""


class EngineDictation:
    """One open session; see `core.api.DictationStream`.

    Args:
        backlog: counts the audio of all sessions that waits.
        closed: called once, on the loop, with the dictation and whether it ended well.
    """

    def __init__(
        self,
        identifier: str,
        decode_context: DecodeContext,
        config: SessionConfig,
        prompt: PromptFor,
        *,
        backlog: AudioBacklog,
        version: str | None,
        closed: Callable[["EngineDictation", bool], None],
        recording: bool = False,
    ) -> None:
        self.id = identifier
        self.audio_s = 0.0
        # What is bound to log lines where the session is opened, its trace id, stands in those of every thread.
        self._log_context = copy_context()
        self._log_context.run(bind, session=identifier)
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._flushing: deque[asyncio.Future[None]] = deque()
        self._on_closed: Callable[[EngineDictation, bool], None] | None = closed
        self._decode_context = decode_context
        self._backlog = SessionBacklog(backlog)
        self._check = AudioCheck()
        self._open = True
        self._inbox: deque[Samples | None] = deque()
        """Audio that waits, and None for each flush: the loop appends, the sessions' thread takes."""
        self._pump_posted = False
        self._reading_since_s = -math.inf
        """When the protocol went on reading audio, by the service's clock; infinite while it waits for room."""
        self._held = False
        # From here on, what only the sessions' thread touches.
        self._session = Session(
            replace(decode_context, post=self._post), config, prompt, self._emit, version=version, recording=recording
        )

    @property
    def behind_s(self) -> float:
        """Seconds of audio that wait to be processed."""
        return self._backlog.samples / SAMPLE_RATE_HZ

    def push(self, samples: Samples) -> None:
        """See `DictationStream.push`."""
        self._require_open()
        samples = np.array(samples, np.float32)
        warning = self._check.check(samples)
        if warning is not None:
            self.warn("audio_format", warning)
        np.clip(samples, -1.0, 1.0, out=samples)
        self.audio_s += len(samples) / SAMPLE_RATE_HZ
        self._decode_context.metrics.audio_seconds.inc(len(samples) / SAMPLE_RATE_HZ)
        self._backlog.add(len(samples))
        self._enqueue(samples)

    async def wait_for_room(self, delay_s: float = 0.0) -> None:
        """See `DictationStream.wait_for_room`."""
        self._reading_since_s = math.inf
        try:
            if delay_s > 0:
                await asyncio.sleep(delay_s)
            await self._backlog.wait_for_room()
        finally:
            self._reading_since_s = self._decode_context.clock()

    def hold(self) -> None:
        """See `DictationStream.hold`."""
        self._held = True

    def resume(self) -> None:
        """See `DictationStream.resume`."""
        self._reading_since_s = self._decode_context.clock()
        self._held = False

    async def flush(self) -> None:
        """See `DictationStream.flush`."""
        self._require_open()
        await self._flush()

    async def finish(self) -> None:
        """See `DictationStream.finish`."""
        if self._open:
            flushed = self._flush()
            self._open = False
            await flushed
            self._close(True)

    def cancel(self) -> None:
        """See `DictationStream.cancel`."""
        self._close(False)

    async def events(self) -> AsyncIterator[Event]:
        """See `DictationStream.events`."""
        while (event := await self._events.get()) is not None:
            yield event

    def warn(self, code: str, message: str) -> None:
        """Send a `SessionWarning`; on the loop."""
        self._deliver(SessionWarning(code, message))

    def tick(self) -> None:
        """Let the session notice that no audio comes; on the sessions' thread."""
        if self._inbox or self._session.state is SessionState.CLOSED:
            return
        if not self._held or self._session.holds_replaced_model:
            self._guarded(lambda: self._session.tick(self._reading_since_s))

    def model_changed(self) -> None:
        """Decode what had to wait for a model; on the sessions' thread."""
        self._guarded(self._session.attach_model)
        self._pump()

    def _flush(self) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self._loop.create_future()
        self._flushing.append(future)
        self._enqueue(None)
        return future

    def _post(self, call: Callable[[], None]) -> None:
        """Run a decode's result on the sessions' thread, then take the audio that had to wait for it."""

        def run() -> None:
            self._guarded(call)
            self._pump()

        self._decode_context.post(run)

    def _enqueue(self, item: Samples | None) -> None:
        self._inbox.append(item)
        self._post_pump()

    def _post_pump(self) -> None:
        if not self._pump_posted:
            self._pump_posted = True
            self._decode_context.post(self._run_posted_pump)

    def _run_posted_pump(self) -> None:
        # First, so that what comes from here on posts anew.
        self._pump_posted = False
        self._pump()

    def _pump(self) -> None:
        """Process a slice of what waits; on the sessions' thread."""
        if self._session.state is SessionState.CLOSED:
            self._inbox.clear()
        elif self._inbox and self._session.accepts_audio:
            self._guarded(self._take_next)
            if self._inbox:
                self._post_pump()

    def _take_next(self) -> None:
        if self._inbox[0] is None:
            self._inbox.popleft()
            self._session.flush()
            return
        taken = self._next_slice()
        self._backlog.take(len(taken))
        self._session.push(taken)

    def _next_slice(self) -> Samples:
        """Take what waits before the next flush, at most `SLICE_SAMPLES` of it."""
        parts, left = [], SLICE_SAMPLES
        while left and self._inbox and (item := self._inbox[0]) is not None:
            self._inbox.popleft()
            parts.append(item[:left])
            if len(item) > left:
                self._inbox.appendleft(item[left:])
            left -= len(parts[-1])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _guarded(self, call: Callable[[], None]) -> None:
        # A copy: two threads cannot be in one context at a time, and both log for this session.
        self._log_context.copy().run(self._run_or_fail, call)

    def _run_or_fail(self, call: Callable[[], None]) -> None:
        try:
            call()
        except ImpossibleAudio as error:
            self._end_session()
            self._emit(SessionFailed(str(error), not_audio=True))
        except Exception as error:  # one session's failure must stay its own
            log.error("a session failed", extra={"event": "session_error"} | describe_error(error))
            self._end_session()
            self._emit(SessionFailed(f"internal error ({type(error).__name__})"))

    def _end_session(self) -> None:
        self._session.close()
        self._inbox.clear()

    def _emit(self, event: Event) -> None:
        """Hand an event to the loop; one that is closed has no reader."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: Event) -> None:
        if self._on_closed is None:
            return
        self._events.put_nowait(event)
        if isinstance(event, FlushFinished) and self._flushing:
            self._resolve(self._flushing.popleft())
        elif isinstance(event, SessionFailed):
            self._close(False)

    def _close(self, well: bool) -> None:
        self._open = False
        if self._on_closed is None:
            return
        on_closed, self._on_closed = self._on_closed, None
        self._backlog.close()
        self._decode_context.post(self._end_session)
        while self._flushing:
            self._resolve(self._flushing.popleft())
        self._events.put_nowait(None)
        self._log_context.copy().run(on_closed, self, well)

    @staticmethod
    def _resolve(future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_result(None)

    def _require_open(self) -> None:
        if not self._open:
            raise SessionClosed("this dictation was finished or cancelled: open another")
