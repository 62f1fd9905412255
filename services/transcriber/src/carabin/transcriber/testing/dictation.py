"""A dictation without a model: every started 0.4 s of loud audio is worth one word of its transcriber's script.

Over 200 lines: it keeps the whole contract of `core.api.DictationStream`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Protocol

import numpy as np

from ..core.api import Samples
from ..core.audio_check import AudioCheck
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import SessionClosed
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


class DictationOwner(Protocol):
    """What a fake dictation needs of its transcriber."""

    script: Sequence[str]

    @property
    def version(self) -> str:
        """The model version that writes the next utterance."""

    def forget(self, identifier: str) -> None:
        """Remove a closed dictation."""


class FakeDictation:
    """Writes the script's words, one each 0.4 s of loud audio."""

    def __init__(self, owner: DictationOwner, identifier: str, config: SessionConfig) -> None:
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
        self._check = AudioCheck()
        self.room = asyncio.Event()
        """Cleared by a test that wants the service to be behind."""
        self.room.set()
        self.held = False
        """Whether its client's connection is broken."""
        self._language_sent = config.language is not None

    def push(self, samples: Samples) -> None:
        """See `DictationStream.push`."""
        self._require_open()
        samples = np.array(samples, np.float32)
        self._check.check(samples)
        self.pushed_samples += len(samples)
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= STEP_SAMPLES:
            step, self._rest = self._rest[:STEP_SAMPLES], self._rest[STEP_SAMPLES:]
            self._take_step(step)

    async def wait_for_room(self, delay_s: float = 0.0) -> None:
        """See `DictationStream.wait_for_room`; tests hold it by `room`."""
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        await self.room.wait()

    def hold(self) -> None:
        """See `DictationStream.hold`."""
        self.held = True

    def resume(self) -> None:
        """See `DictationStream.resume`."""
        self.held = False

    async def flush(self) -> None:
        """See `DictationStream.flush`."""
        self._require_open()
        if len(self._rest):
            self._take_step(self._rest)
            self._rest = self._rest[:0]
        self._end_utterance()
        self._emit(FlushFinished(self._seconds(self._position)))

    async def finish(self) -> None:
        """See `DictationStream.finish`."""
        if not self._closed:
            await self.flush()
            self._close()

    def cancel(self) -> None:
        """See `DictationStream.cancel`."""
        self._close()

    def fail(self, reason: str, *, not_audio: bool = False) -> None:
        """Break the session, as an engine that is gone would."""
        if not self._closed:
            self._emit(SessionFailed(reason, not_audio))
            self._close()

    def emit(self, event: Event) -> None:
        """Emit any event, for tests about one message."""
        self._emit(event)

    async def events(self) -> AsyncIterator[Event]:
        """See `DictationStream.events`."""
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
                tokens=tuple(range(100, 100 + len(texts))),
                no_speech_prob=0.01,
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
