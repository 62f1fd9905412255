"""The bridge between the event loop, where clients are, and the sessions' thread."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace

import numpy as np
from carabin.service.logging import bind

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import SessionClosed
from ..core.events import Event, FlushFinished, SessionFailed
from ..streaming.session import PromptFor, Session, State
from ..streaming.utterance_decoder import DecodeContext
from .session_thread import describe

log = logging.getLogger(__name__)

SLICE_SAMPLES = SAMPLE_RATE_HZ
"""Audio heard at a time: a client that sends an hour at once waits for its turn after each second of it."""


class EngineDictation:
    """One open session; see `service.Dictation`.

    Args:
        closed: called once, on the loop, with the dictation and whether it ended well.
    """

    def __init__(
        self,
        identifier: str,
        decode_context: DecodeContext,
        config: SessionConfig,
        prompt: PromptFor,
        *,
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
        self._open = True
        # From here on, what only the sessions' thread touches; the deque is its mailbox.
        self._inbox: deque[Samples | None] = deque()
        self._session = Session(
            replace(decode_context, post=self._post), config, prompt, self._emit, version=version, recording=recording
        )

    @property
    def behind_s(self) -> float:
        """Return how much audio waits to be heard."""
        return sum(len(samples) for samples in list(self._inbox) if samples is not None) / SAMPLE_RATE_HZ

    def push(self, samples: Samples) -> None:
        self._require_open()
        self.audio_s += len(samples) / SAMPLE_RATE_HZ
        self._decode_context.metrics.audio_seconds.inc(len(samples) / SAMPLE_RATE_HZ)
        self._inbox.append(np.array(samples, np.float32))
        self._decode_context.post(self._pump)

    async def flush(self) -> None:
        self._require_open()
        await self._flush()

    async def finish(self) -> None:
        if self._open:
            flushed = self._flush()
            self._open = False
            await flushed
            self._close(True)

    def cancel(self) -> None:
        self._close(False)

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self._events.get()) is not None:
            yield event

    def tick(self) -> None:
        """Let the session notice that no audio comes; on the sessions' thread."""
        if not self._inbox and self._session.state is not State.CLOSED:
            self._guarded(self._session.tick)

    def wake(self) -> None:
        """Go on hearing, where that had to wait; on the sessions' thread."""
        self._pump()

    def _flush(self) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self._loop.create_future()
        self._flushing.append(future)
        self._inbox.append(None)
        self._decode_context.post(self._pump)
        return future

    def _post(self, call: Callable[[], None]) -> None:
        """Run a decode's result on the sessions' thread, then hear what had to wait for it."""

        def run() -> None:
            self._guarded(call)
            self._pump()

        self._decode_context.post(run)

    def _pump(self) -> None:
        """Hear a slice of what is waiting; on the sessions' thread."""
        if self._inbox and self._session.state is not State.CLOSED and self._session.accepts_audio:
            self._guarded(self._take_next)
            if self._inbox:
                self._decode_context.post(self._pump)

    def _take_next(self) -> None:
        item = self._inbox.popleft()
        if item is None:
            self._session.flush()
            return
        if len(item) > SLICE_SAMPLES:
            self._inbox.appendleft(item[SLICE_SAMPLES:])
        self._session.push(item[:SLICE_SAMPLES])

    def _guarded(self, call: Callable[[], None]) -> None:
        # A copy: two threads cannot be in one context at a time, and both log for this session.
        self._log_context.copy().run(self._survive, call)

    def _survive(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # one session's trouble must stay its own
            log.error("a session failed", extra={"event": "session_error"} | describe(error))
            self._session.close()
            self._emit(SessionFailed(f"internal error ({type(error).__name__})"))

    def _emit(self, event: Event) -> None:
        """Hand an event to the loop; one that is gone needs none."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: Event) -> None:
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
        self._decode_context.post(self._session.close)
        self._inbox.clear()
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
