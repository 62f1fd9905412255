"""The real transcriber: a model from the registry, a scheduler, and the sessions over them.

Over 200 lines: it owns every part of the engine, and starts and stops them in one order.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from uuid import uuid4

from carabin.service.threads import ThreadSupervisor

from ..core.api import ModelInfo, Readiness
from ..core.config import SessionConfig
from ..core.errors import Draining, NotReady, Overloaded, UnsupportedLanguage
from ..core.languages import normalise_language
from ..core.memory import free_memory
from ..metrics import Metrics
from ..models.lexicons import Lexicons
from ..models.loader import EngineFactory
from ..models.prompt import SessionPrompts
from ..models.roles import ModelRoles
from ..models.slot import ModelHandle, Slot
from ..models.source import ModelSource
from ..scheduling.load import LoadController, LoadLevel
from ..scheduling.scheduler import Scheduler
from ..scheduling.shadow import Shadow
from ..settings.model import TranscriberSettings
from ..streaming.decode_context import DecodeContext
from .backlog import AudioBacklog
from .broadcast import ChangeSignal
from .dictation import EngineDictation
from .session_thread import SessionThread

log = logging.getLogger(__name__)

STOP_S = 5.0
"""How long a thread that waits for the store is given to notice that the service stops."""
TICK_S = 0.5
"""How often sessions without audio are looked at."""


class LiveTranscriber:
    """See `core.api.Transcriber`. Over 200 lines: the one place where models, sessions and threads are joined.

    Args:
        source: where models come from.
        factory: how a folder becomes an engine.
        threads: supervises every thread of the transcriber.
        workers: threads that decode.
        mel_workers: threads that compute features of what waits for a decode.
    """

    def __init__(
        self,
        settings: TranscriberSettings,
        source: ModelSource,
        factory: EngineFactory,
        *,
        metrics: Metrics,
        lexicons: Lexicons,
        threads: ThreadSupervisor,
        workers: int,
        mel_workers: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.metrics = metrics
        self._settings = settings
        self._source = source
        self._lexicons = lexicons
        self._clock = clock
        self._load = LoadController()
        self._threads = threads
        self._session_thread = SessionThread(threads)
        self._backlog = AudioBacklog()
        self._scheduler = Scheduler(metrics, self._load, threads, workers=workers, mel_workers=mel_workers, clock=clock)
        self._models = ModelRoles(
            settings.model_name,
            source.fetch,
            factory,
            metrics,
            threads,
            drain=settings.swap_when_short == "drain",
            decode=self._scheduler.decode_alone,
            changed=self._model_changed,
        )
        self._shadow = Shadow(self._models.shadow, self._scheduler, self._load, metrics, clock)
        self._dictations: dict[str, EngineDictation] = {}
        self._empty = asyncio.Event()
        self._draining = False
        self._model_changes = ChangeSignal()
        self._ticking: asyncio.Task[None] | None = None
        metrics.overload.set_function(lambda: self._load.level(clock()))
        metrics.audio_behind.set_function(self._behind_s)
        metrics.sessions.set_function(lambda: len(self._dictations))

    async def start(self) -> None:
        """See `Transcriber.start`."""
        self._model_changes.loop = asyncio.get_running_loop()
        self._session_thread.start()
        self._scheduler.start()
        self._models.start()
        self._ticking = asyncio.create_task(self._tick())
        await asyncio.to_thread(self._source.start, self._models)

    async def stop(self, drain_s: float) -> None:
        """See `Transcriber.stop`."""
        self._draining = True
        if self._dictations:
            self._empty.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), drain_s)
        for dictation in list(self._dictations.values()):
            dictation.cancel()
        if self._ticking is not None:
            self._ticking.cancel()
        await asyncio.to_thread(self._stop_threads)

    def readiness(self) -> Readiness:
        """See `Transcriber.readiness`."""
        if self._draining:
            return Readiness(False, "draining: no new sessions are taken")
        if self._models.production.slot.current is None:
            return Readiness(False, self._why_no_model())
        return Readiness(True, "", full=self._is_full())

    def dead_threads(self) -> tuple[str, ...]:
        """See `Transcriber.dead_threads`."""
        return self._threads.dead()

    @property
    def model(self) -> ModelInfo:
        """See `Transcriber.model`."""
        return self._models.production.info

    async def subscribe_model(self) -> AsyncIterator[ModelInfo]:
        """See `Transcriber.subscribe_model`."""
        async with aclosing(self._model_changes.changes()) as changes:
            async for _ in changes:
                yield self._models.production.info

    def vocabulary_names(self) -> list[str]:
        """Return the vocabularies and specialties that a session may choose now, in order."""
        return sorted({*self._lexicons.vocabularies(), *self._lexicons.specialties()})

    def open(self, config: SessionConfig, identity: str | None = None, *, recording: bool = False) -> EngineDictation:
        """See `Transcriber.open`."""
        slot = self._models.slot()
        model = self._admit(config, slot)
        prompts = SessionPrompts(config, self._lexicons, identity)
        prompt = prompts.of(model.engine, model.version)
        self.metrics.prompt_cut.inc(prompt.cut_tokens)
        dictation = EngineDictation(
            uuid4().hex,
            self._decode_context(slot),
            config,
            lambda handle: prompts.of(handle.engine, handle.version),
            backlog=self._backlog,
            version=model.version,
            closed=self._forget,
            recording=recording,
        )
        self._dictations[dictation.id] = dictation
        if prompt.warning is not None:
            dictation.warn("prompt_cut", prompt.warning)
        log.info(
            "session opened",
            extra={
                "event": "session_opened",
                "session": dictation.id,
                "identity": identity,
                "model": model.version,
                "prompt_tokens": len(prompt.tokens),
                "prompt_tokens_cut": prompt.cut_tokens,
            },
        )
        return dictation

    def _decode_context(self, slot: Slot) -> DecodeContext:
        return DecodeContext(
            slot,
            self._scheduler,
            self._load,
            self.metrics,
            self._clock,
            self._session_thread.post,
            self._shadow.compare,
        )

    def _admit(self, config: SessionConfig, slot: Slot) -> ModelHandle:
        if self._draining:
            raise Draining
        model = slot.current
        if model is None:
            raise NotReady(self._why_no_model())
        language = normalise_language(config.language)
        if language is not None and not model.engine.knows(language):
            raise UnsupportedLanguage(language)
        if self._is_full():
            self.metrics.session_outcomes.labels("refused").inc()
            raise Overloaded(self._load.retry_after_s(self._clock()))
        return model

    def _is_full(self) -> bool:
        taken = len(self._dictations) >= self._settings.max_sessions
        return taken or self._load.level(self._clock()) >= LoadLevel.REFUSING

    def _forget(self, dictation: EngineDictation, well: bool) -> None:
        self._dictations.pop(dictation.id, None)
        outcome = "finished" if well else "cancelled"
        self.metrics.session_outcomes.labels(outcome).inc()
        log.info(
            "session closed",
            extra={
                "event": "session_closed",
                "session": dictation.id,
                "outcome": outcome,
                "audio_s": round(dictation.audio_s, 3),
            },
        )
        if not self._dictations:
            self._empty.set()
            # What a busy hour left behind is the system's again, at a moment when nobody waits.
            asyncio.get_running_loop().run_in_executor(None, free_memory)

    def _why_no_model(self) -> str:
        info = self._models.production.info
        if info.state == "loading":
            before = f"; it failed before: {info.reason}" if info.reason else ""
            return f"model {info.target} is being loaded{before}"
        return info.reason or "no model was loaded yet"

    def _behind_s(self) -> float:
        return max((dictation.behind_s for dictation in list(self._dictations.values())), default=0.0)

    def _model_changed(self, info: ModelInfo) -> None:
        """Notify the readers of changes and the sessions that wait for a model; on the updater's thread."""
        del info
        self._model_changes.notify()
        if self._models.production.slot.current is not None:
            for dictation in list(self._dictations.values()):
                self._session_thread.post(dictation.model_changed)

    async def _tick(self) -> None:
        """Let sessions notice that no audio comes."""
        while True:
            await asyncio.sleep(TICK_S)
            for dictation in list(self._dictations.values()):
                self._session_thread.post(dictation.tick)

    def _stop_threads(self) -> None:
        # A source may be waiting for a store that does not answer; leaving must not.
        self._threads.once("source-stop", self._source.stop).join(STOP_S)
        self._scheduler.stop()
        self._session_thread.stop()
        self._models.stop()
