"""One session: audio in, events out. It never sees a socket, a model's library or a clock of its own.

All methods run on one thread.
"""

import math
from collections.abc import Callable
from enum import Enum
from functools import partial as bind

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import DecodeFailed, SessionClosed
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
from ..inference.engine import Hypothesis
from ..models.slot import ModelHandle
from .arrival_times import ArrivalTimes
from .endpointer import Endpointer
from .event_order import EventSequencer
from .utterance import Utterance
from .utterance_decoder import DecodeContext, UtteranceDecoder

MIN_LANGUAGE_PROBABILITY = 0.5
"""A detected language is kept for the session from this probability on."""
SILENT_ACK_S = 5.0
"""Through silence the client is told this often what it may forget."""
STALL_S = 3.0
"""An utterance ends when no audio came for this long: longer than a network's hiccup, shorter than patience."""
MAX_PENDING = 8
"""Utterances of one session that may wait for their final; more audio is heard when one is done."""

PromptFor = Callable[[ModelHandle], tuple[int, ...]]
"""Gives the tokens of the session's prompt for a model."""


class State(Enum):
    STREAMING = "streaming"
    CLOSED = "closed"


class Session:
    """See the module.

    Args:
        emit: takes each event, in order.
        version: the model version that the client was told of when the session opened.
        recording: the audio is a file that is here already.
    """

    def __init__(
        self,
        context: DecodeContext,
        config: SessionConfig,
        prompt: PromptFor,
        emit: Callable[[Event], None],
        *,
        version: str | None = None,
        recording: bool = False,
    ) -> None:
        self.state = State.STREAMING
        self._context = context
        self._config = config
        self._prompt = prompt
        self._emit = emit
        self._recording = recording
        self._version = version
        self._language = normalise_language(config.language)
        self._endpointer = Endpointer(config, self)
        self._sequencer = EventSequencer(emit)
        self._arrival_times = ArrivalTimes()
        self._current: UtteranceDecoder | None = None
        self._decoders: dict[int, UtteranceDecoder] = {}
        self._flushes: list[tuple[int, int]] = []
        self._acknowledged = 0

    @property
    def accepts_audio(self) -> bool:
        """False while enough utterances wait for their finals, or while there is no model."""
        return len(self._sequencer) < MAX_PENDING and (
            self._current is not None or self._context.slot.current is not None
        )

    def push(self, samples: Samples) -> None:
        """Take audio, in any pieces.

        Raises:
            SessionClosed: the session is over.
        """
        self._require_open()
        self._arrival_times.add(self._endpointer.received + len(samples), self._context.clock())
        self._endpointer.push(samples)
        if self._current is not None:
            self._current.request_partial()
        self._acknowledge_silence()

    def flush(self) -> None:
        """End the utterance in progress; `FlushFinished` follows when all is final.

        Raises:
            SessionClosed: the session is over.
        """
        self._require_open()
        self._endpointer.end()
        self._flushes.append((self._endpointer.numbered, self._endpointer.position))
        self._settle()

    def tick(self) -> None:
        """End the utterance of a client that stopped sending without a pause: muted, or asleep."""
        if (
            self._current is not None
            and not self._recording
            and self._arrival_times.age_s(self._context.clock()) > STALL_S
        ):
            self._endpointer.end()

    def close(self) -> None:
        """Forget everything at once."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        for decoder in list(self._decoders.values()):
            decoder.abandon()
            decoder.model.release()
        self._decoders.clear()
        self._sequencer.clear()
        self._set_current(None)

    def utterance_began(self, utterance: Utterance) -> None:
        model = self._context.slot.lease()
        decoder = UtteranceDecoder(
            self._context,
            self._config,
            utterance,
            model,
            prompt=self._prompt(model),
            language=self._language,
            on_partial=bind(self._on_partial, utterance.number),
            on_final=bind(self._on_final, utterance.number),
            recording=self._recording,
        )
        self._decoders[utterance.number] = decoder
        self._sequencer.open(utterance.number)
        if self._version is not None and model.version != self._version:
            self._sequencer.preface(utterance.number, ModelChanged(model.version, self._version))
        self._version = model.version
        self._set_current(decoder)

    def speech_continued(self) -> None:
        if self._current is not None:
            self._current.resume()

    def speech_paused(self, silence_s: float) -> None:
        if self._current is not None:
            self._current.speculate(silence_s)

    def utterance_ended(self, utterance: Utterance) -> None:
        decoder = self._decoders[utterance.number]
        self._set_current(None)
        if self._config.use_vad and utterance.speech_samples < self._config.vad.min_speech_s * SAMPLE_RATE_HZ:
            self._context.metrics.rejected.labels("click").inc()
            decoder.abandon()
            self._on_final(utterance.number, None)
        else:
            decoder.finish()

    def _on_partial(self, number: int, hypothesis: Hypothesis) -> None:
        decoder = self._decoders[number]
        utterance = decoder.utterance
        stable, tail = utterance.agreement.stable, utterance.agreement.tail
        if not (stable + tail).strip():
            return
        self._set_language(decoder, hypothesis, MIN_LANGUAGE_PROBABILITY)
        if utterance.revision == 0:
            spoken = utterance.start + utterance.first_speech
            self._context.metrics.first_partial.observe(self._context.clock() - self._arrival_times.at(spoken))
        start_s, end_s = self._span(utterance)
        self._sequencer.partial(
            Partial(
                utterance=number,
                revision=utterance.revision,
                start_s=start_s,
                end_s=end_s,
                stable=stable,
                tail=tail,
                model_version=decoder.model.version,
                language=hypothesis.language,
            )
        )
        utterance.revision += 1

    def _on_final(self, number: int, outcome: Hypothesis | DecodeFailed | None) -> None:
        if self.state is State.CLOSED:
            return
        decoder = self._decoders.pop(number)
        if isinstance(outcome, DecodeFailed):
            decoder.model.release()
            self._emit(SessionFailed(f"an utterance could not be decoded: {outcome}"))
            self.close()
            return
        events: list[Event] = []
        utterance = decoder.utterance
        if outcome is not None:
            self._set_language(decoder, outcome, 0.0)
            events.append(self._final(decoder, outcome))
            spoken = self._arrival_times.at(utterance.start + utterance.speech_stop)
            self._context.metrics.final.observe(self._context.clock() - spoken)
        self._acknowledged = utterance.start + utterance.spoken_stop
        events.append(AudioAcknowledged(self._acknowledged / SAMPLE_RATE_HZ))
        decoder.model.release()
        self._sequencer.close(number, events)
        self._arrival_times.forget(self._acknowledged)
        self._settle()

    def _final(self, decoder: UtteranceDecoder, hypothesis: Hypothesis) -> Final:
        utterance = decoder.utterance
        start_s, end_s = self._span(utterance)
        words = tuple(
            Word(w.text, min(start_s + w.start_s, end_s), min(start_s + w.end_s, end_s), w.probability)
            for w in hypothesis.timed_words
        )
        return Final(
            utterance=utterance.number,
            start_s=start_s,
            end_s=end_s,
            text=hypothesis.text,
            words=words,
            confidence=math.exp(min(0.0, hypothesis.avg_logprob)),
            model_version=decoder.model.version,
            language=hypothesis.language,
        )

    def _span(self, utterance: Utterance) -> tuple[float, float]:
        end = min(utterance.start + utterance.spoken_stop, self._endpointer.position)
        return utterance.start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ

    def _set_language(self, decoder: UtteranceDecoder, hypothesis: Hypothesis, at_least: float) -> None:
        if self._language is None and hypothesis.language_probability > at_least:
            self._language = hypothesis.language
            event = LanguageDetected(hypothesis.language, hypothesis.language_probability)
            self._sequencer.preface(decoder.utterance.number, event)
            for each in self._decoders.values():
                each.language = self._language

    def _settle(self) -> None:
        """Answer the flushes whose utterances are all final."""
        oldest = min(self._decoders, default=self._endpointer.numbered)
        while self._flushes and oldest >= self._flushes[0][0]:
            _, position = self._flushes.pop(0)
            self._emit(FlushFinished(position / SAMPLE_RATE_HZ))

    def _acknowledge_silence(self) -> None:
        if self._decoders:
            return
        heard = self._endpointer.settled
        if heard - self._acknowledged >= SILENT_ACK_S * SAMPLE_RATE_HZ:
            self._acknowledged = heard
            self._emit(AudioAcknowledged(heard / SAMPLE_RATE_HZ))
            self._arrival_times.forget(heard)

    def _set_current(self, decoder: UtteranceDecoder | None) -> None:
        if (decoder is None) != (self._current is None):
            self._context.metrics.speaking.inc(-1 if decoder is None else 1)
        self._current = decoder

    def _require_open(self) -> None:
        if self.state is State.CLOSED:
            raise SessionClosed("this session is over: open another")
