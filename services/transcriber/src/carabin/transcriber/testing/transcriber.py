"""A transcriber without a model, for the tests of protocol adapters; it passes the contract suite of the real one.

Loud samples are speech, quiet ones silence. Every started 0.4 s of an utterance is worth one word of the script.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from itertools import count

from ..core.api import ModelInfo, Readiness
from ..core.config import SessionConfig
from ..core.errors import Draining, NotReady, Overloaded, SessionRefused, UnknownModel, UnknownVocabulary
from ..core.languages import normalise_language
from .dictation import FakeDictation

SCRIPT = ("le", "patient", "présente", "une", "douleur", "thoracique", "depuis", "ce", "matin.")


class FakeTranscriber:
    """See the module; `refuse_with` makes the next `open()` raise, `swap()` changes the model.

    Args:
        others: names of models that are served beside the default, which is named `fake`.
    """

    def __init__(
        self,
        script: Sequence[str] = SCRIPT,
        *,
        version: str | None = "fake-1",
        vocabularies: tuple[str, ...] = (),
        max_sessions: int = 1000,
        others: tuple[str, ...] = (),
    ) -> None:
        self.script: Sequence[str] = tuple(script)
        self.dead: tuple[str, ...] = ()
        """What `dead_threads()` returns."""
        self.dictations: dict[str, FakeDictation] = {}
        self.identities: list[str | None] = []
        self.refuse_with: SessionRefused | None = None
        self._vocabularies = vocabularies
        self._max_sessions = max_sessions
        self._ids = count(1)
        self._started = self._draining = False
        self._others = {name: ModelInfo(name, f"{name}-1", "steady", loaded_at=datetime.now(UTC)) for name in others}
        self._model = ModelInfo("fake", version, "steady" if version else "none", loaded_at=datetime.now(UTC))
        self._watchers: list[asyncio.Event] = []
        self._empty = asyncio.Event()

    @property
    def version(self) -> str:
        """The model version that writes the next utterance; empty without one."""
        return self._model.version or ""

    async def start(self) -> None:
        """See `Transcriber.start`."""
        self._started = True

    async def stop(self, drain_s: float) -> None:
        """See `Transcriber.stop`."""
        self._draining = True
        if self.dictations:
            self._empty.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), drain_s)
        for dictation in list(self.dictations.values()):
            dictation.cancel()

    def open(
        self,
        config: SessionConfig,
        identity: str | None = None,
        *,
        recording: bool = False,  # noqa: ARG002  # the protocol's signature
    ) -> FakeDictation:
        """See `Transcriber.open`."""
        self._admit(config)
        dictation = FakeDictation(self, f"fake-{next(self._ids)}", config)
        self.dictations[dictation.id] = dictation
        self.identities.append(identity)
        return dictation

    def forget(self, identifier: str) -> None:
        """Remove a closed dictation."""
        self.dictations.pop(identifier, None)
        if not self.dictations:
            self._empty.set()

    def dead_threads(self) -> tuple[str, ...]:
        """See `Transcriber.dead_threads`; tests set `dead`."""
        return self.dead

    def readiness(self) -> Readiness:
        """See `Transcriber.readiness`."""
        if self._draining:
            return Readiness(False, "draining")
        if not self._started:
            return Readiness(False, "not started")
        if self._model.version is None:
            return Readiness(False, "no version is in production")
        return Readiness(True, "", full=len(self.dictations) >= self._max_sessions)

    @property
    def model(self) -> ModelInfo:
        """See `Transcriber.model`."""
        return self._model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """See `Transcriber.models`."""
        return (self._model, *self._others.values())

    def model_named(self, name: str | None) -> ModelInfo:
        """See `Transcriber.model_named`."""
        if name is None:
            return self._model
        for info in self.models:
            if info.name == name:
                return info
        raise UnknownModel(name, tuple(info.name for info in self.models))

    async def wait_for_model(self, name: str | None) -> None:
        """See `Transcriber.wait_for_model`."""
        async with aclosing(self.subscribe_model()) as changes:
            async for _ in changes:
                info = self.model_named(name)
                if info.version is not None or info.state != "loading":
                    return

    async def subscribe_model(self) -> AsyncGenerator[ModelInfo, None]:
        """See `Transcriber.subscribe_model`."""
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
        self.model_named(config.model)
        if self.refuse_with is not None:
            refusal, self.refuse_with = self.refuse_with, None
            raise refusal
        if self._draining:
            raise Draining
        readiness = self.readiness()
        if not readiness.ready:
            raise NotReady(readiness.reason)
        if readiness.full:
            raise Overloaded(retry_after_s=60.0)
        normalise_language(config.language)
        for name in config.vocabularies:
            if name not in self._vocabularies:
                raise UnknownVocabulary(name, self._vocabularies)
