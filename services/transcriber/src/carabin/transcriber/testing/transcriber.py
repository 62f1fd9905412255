"""A transcriber without a model, for the tests of protocol adapters; it passes the contract suite of the real one.

Loud samples are speech, quiet ones silence. Every started 0.4 s of an utterance is worth one word of the script.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count

import numpy as np

from ..core.api import ModelInfo, Readiness, Samples
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import (
    Draining,
    NotReady,
    Overloaded,
    SessionClosed,
    SessionRefused,
    UnknownVocabulary,
)
from ..core.events import (
    AudioAcknowledged,
    Event,
    Final,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionFailed,
    Word,
)
from ..core.languages import normalise_language

LOUD = 0.01
WORD_SAMPLES = int(0.4 * SAMPLE_RATE_HZ)
STEP_SAMPLES = 512

SCRIPT = ("le", "patient", "présente", "une", "douleur", "thoracique", "depuis", "ce", "matin.")


class FakeDictation:
    """Writes the script's words, one each 0.4 s of loud audio."""

    def __init__(self, owner: "FakeTranscriber", identifier: str, config: SessionConfig) -> None:
        self.id = identifier
        self.config = config
        self.pushed_samples = 0
        self._owner = owner
        self._version = owner.version
        self._language = normalise_language(config.language) or "fr"
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._rest = np.zeros(0, np.float32)
        self._position = 0
        self._start: int | None = None
        self._quiet = 0
        self._utterances = count()
        self._number = 0
        self._revision = 0
        self._closed = False
        self._language_sent = config.language is not None

    def push(self, samples: Samples) -> None:
        self._require_open()
        self.pushed_samples += len(samples)
        self._rest = np.concatenate([self._rest, np.asarray(samples, np.float32)])
        while len(self._rest) >= STEP_SAMPLES:
            step, self._rest = self._rest[:STEP_SAMPLES], self._rest[STEP_SAMPLES:]
            self._take_step(step)

    async def flush(self) -> None:
        self._require_open()
        if len(self._rest):
            self._take_step(self._rest)
            self._rest = self._rest[:0]
        self._end_utterance()
        self._emit(FlushFinished(self._seconds(self._position)))

    async def finish(self) -> None:
        if not self._closed:
            await self.flush()
            self._close()

    def cancel(self) -> None:
        self._close()

    def fail(self, reason: str) -> None:
        """Break the session, as an engine that is gone would."""
        if not self._closed:
            self._emit(SessionFailed(reason))
            self._close()

    def emit(self, event: Event) -> None:
        """Emit any event, for tests about one message."""
        self._emit(event)

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event

    def _take_step(self, step: Samples) -> None:
        loud = bool(len(step)) and float(np.abs(step).max()) > LOUD
        if loud and self._start is None:
            self._begin_utterance()
        self._position += len(step)
        if self._start is None:
            return
        self._quiet = 0 if loud else self._quiet + len(step)
        if self._quiet >= self.config.vad.min_silence_s * SAMPLE_RATE_HZ:
            self._end_utterance()
        elif loud and self.config.partials and self._n_words() > self._revision:
            self._emit_partial()

    def _begin_utterance(self) -> None:
        self._start, self._quiet, self._revision = self._position, 0, 0
        self._number = next(self._utterances)
        if self._version != self._owner.version:
            self._emit(ModelChanged(self._owner.version, self._version))
            self._version = self._owner.version
        if not self._language_sent:
            self._language_sent = True
            self._emit(LanguageDetected(self._language, 0.99))

    def _emit_partial(self) -> None:
        words = self._words(self._n_words())
        start_s, end_s = self._span()
        self._emit(
            Partial(
                utterance=self._number,
                revision=self._revision,
                start_s=start_s,
                end_s=end_s,
                stable="".join(words[:-1]),
                tail=words[-1],
                model_version=self._version,
                language=self._language,
            )
        )
        self._revision += 1

    def _end_utterance(self) -> None:
        if self._start is None:
            return
        start_s, end_s = self._span()
        texts = self._words(self._n_words())
        step = (end_s - start_s) / len(texts)
        words = [Word(text, start_s + i * step, start_s + (i + 1) * step, 0.9) for i, text in enumerate(texts)]
        self._emit(
            Final(
                utterance=self._number,
                start_s=start_s,
                end_s=end_s,
                text="".join(texts),
                words=tuple(words) if self.config.word_timestamps else (),
                confidence=0.9,
                model_version=self._version,
                language=self._language,
            )
        )
        self._emit(AudioAcknowledged(self._seconds(self._position)))
        self._start, self._quiet = None, 0

    def _n_words(self) -> int:
        return -(-(self._position - (self._start or 0) - self._quiet) // WORD_SAMPLES)

    def _words(self, n: int) -> list[str]:
        script = self._owner.script
        return [" " + script[i % len(script)] for i in range(n)]

    def _span(self) -> tuple[float, float]:
        return self._seconds(self._start or 0), self._seconds(self._position - self._quiet)

    @staticmethod
    def _seconds(n_samples: int) -> float:
        return n_samples / SAMPLE_RATE_HZ

    def _emit(self, event: Event) -> None:
        self._queue.put_nowait(event)

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._owner.forget(self.id)
            self._queue.put_nowait(None)

    def _require_open(self) -> None:
        if self._closed:
            raise SessionClosed("this dictation was finished: open another")


class FakeTranscriber:
    """See the module; `refuse_with` makes the next `open()` raise, `swap()` changes the model."""

    def __init__(
        self,
        script: Sequence[str] = SCRIPT,
        *,
        version: str | None = "fake-1",
        vocabularies: tuple[str, ...] = (),
        max_sessions: int = 1000,
    ) -> None:
        self.script = tuple(script)
        self.dictations: dict[str, FakeDictation] = {}
        self.identities: list[str | None] = []
        self.refuse_with: SessionRefused | None = None
        self._vocabularies = vocabularies
        self._max_sessions = max_sessions
        self._ids = count(1)
        self._started = self._draining = False
        self._model = ModelInfo("fake", version, "steady" if version else "none", loaded_at=datetime.now(UTC))
        self._watchers: list[asyncio.Event] = []
        self._empty = asyncio.Event()

    @property
    def version(self) -> str:
        return self._model.version or ""

    async def start(self) -> None:
        self._started = True

    async def stop(self, drain_s: float) -> None:
        self._draining = True
        if self.dictations:
            self._empty.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), drain_s)
        for dictation in list(self.dictations.values()):
            dictation.cancel()

    def open(self, config: SessionConfig, identity: str | None = None) -> FakeDictation:
        self._admit(config)
        dictation = FakeDictation(self, f"fake-{next(self._ids)}", config)
        self.dictations[dictation.id] = dictation
        self.identities.append(identity)
        return dictation

    async def transcribe(self, samples: Samples, config: SessionConfig) -> AsyncIterator[Final]:
        dictation = self.open(config)
        dictation.push(samples)
        await dictation.finish()
        async for event in dictation.events():
            if isinstance(event, Final):
                yield event

    def forget(self, identifier: str) -> None:
        """Remove a closed dictation."""
        self.dictations.pop(identifier, None)
        if not self.dictations:
            self._empty.set()

    def readiness(self) -> Readiness:
        if self._draining:
            return Readiness(False, "draining")
        if not self._started:
            return Readiness(False, "not started")
        if self._model.version is None:
            return Readiness(False, "no version is in production")
        return Readiness(True, "")

    @property
    def model(self) -> ModelInfo:
        return self._model

    async def subscribe_model(self) -> AsyncIterator[ModelInfo]:
        changed = asyncio.Event()
        self._watchers.append(changed)
        try:
            while True:
                changed.clear()
                yield self._model
                await changed.wait()
        finally:
            self._watchers.remove(changed)

    def swap(self, version: str) -> None:
        """Change the model; open sessions notice at their next utterance."""
        self._model = ModelInfo("fake", version, "steady", loaded_at=datetime.now(UTC))
        for watcher in self._watchers:
            watcher.set()

    def _admit(self, config: SessionConfig) -> None:
        if self.refuse_with is not None:
            refusal, self.refuse_with = self.refuse_with, None
            raise refusal
        if self._draining:
            raise Draining
        readiness = self.readiness()
        if not readiness.ready:
            raise NotReady(readiness.reason)
        if len(self.dictations) >= self._max_sessions:
            raise Overloaded(retry_after_s=60.0)
        normalise_language(config.language)
        for name in config.vocabularies:
            if name not in self._vocabularies:
                raise UnknownVocabulary(name, self._vocabularies)
