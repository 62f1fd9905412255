"""One session: audio in, events out. It never sees a socket, a model's library or a clock of its own.

All methods run on one thread. Over 200 lines: what one session does at each step of an utterance's life, in order.
"""

import math
from collections.abc import Callable
from functools import partial as bind

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import DecodeFailed, NotReady
from ..core.events import (
    AudioAcknowledged,
    Event,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionFailed,
    SessionWarning,
)
from ..core.languages import normalise_language
from ..inference.engine import Hypothesis
from ..models.prompt import Prompt
from ..models.slot import ModelHandle
from .arrival_times import ArrivalTimes
from .decode_context import DecodeContext
from .endpoint_policy import live_policy, recording_policy
from .endpointer import Endpointer
from .event_order import EventSequencer
from .final_event import final_event, span
from .sample_rate_check import SampleRateCheck
from .state import SessionState, next_state
from .utterance import Utterance
from .utterance_decoder import UtteranceDecoder

MIN_LANGUAGE_PROBABILITY = 0.5
"""A detected language is kept for the session from this probability on."""
SILENT_ACK_S = 5.0
"""Through silence an `AudioAcknowledged` is sent this often."""
MIN_SENTENCE_S = 2.0
"""A shorter one gains nothing by being final early, and a full stop so soon is often a wrong one."""
STALL_S = 3.0
"""An utterance ends when no audio came for this long: longer than a network's hiccup, shorter than patience."""
MAX_PENDING = 8
"""Utterances of one session that may wait for their final; more audio is taken when one is done."""

PromptFor = Callable[[ModelHandle], Prompt]
"""Gives the session's prompt in the tokens of a model."""


class Session:
    """See the module.

    Args:
        prompt: gives the session's prompt for a model.
        emit: takes each event, in order.
        version: the model version that the client knows of since the session opened.
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
        self.state = SessionState.CONFIGURED
        self._context = context
        self._config = config
        self._prompt = prompt
        self._emit = emit
        self._recording = recording
        self._version = version
        self._language = normalise_language(config.language)
        self._endpointer = Endpointer(config, self, recording_policy(config) if recording else live_policy(config))
        self._sequencer = EventSequencer(emit)
        self._arrival_times = ArrivalTimes()
        self._current: UtteranceDecoder | None = None
        self._decoders: dict[int, UtteranceDecoder] = {}
        self._flushes: list[tuple[int, int]] = []
        self._acknowledged = 0
        self._rate_check = SampleRateCheck()

    @property
    def accepts_audio(self) -> bool:
        """Whether there is room for more: False while many utterances wait for their finals, or at the end."""
        is_over = self.state in (SessionState.FAILING, SessionState.CLOSED)
        return not is_over and len(self._sequencer) < MAX_PENDING

    def push(self, samples: Samples) -> None:
        """Take audio, (n,) float32, in any pieces.

        Raises:
            IllegalTransition: the session is closed, or failing.
            ImpossibleAudio: the samples are a voice at another sample rate.
        """
        self._move(SessionState.STREAMING)
        self._arrival_times.add(self._endpointer.received + len(samples), self._context.clock())
        speech_before = self._endpointer.speech_windows
        self._endpointer.push(samples)
        warning = self._rate_check.push(samples, speech=self._endpointer.speech_windows > speech_before)
        if warning is not None:
            self._emit(SessionWarning("sample_rate", warning))
        if self._current is not None:
            self._current.request_partial()
        self._acknowledge_silence()

    def flush(self) -> None:
        """End the utterance in progress; `FlushFinished` follows when all is final.

        Raises:
            IllegalTransition: the session is closed, or failing.
        """
        self._move(SessionState.FLUSHING)
        self._endpointer.end()
        self._flushes.append((self._endpointer.numbered, self._endpointer.position))
        self._answer_flushes()

    def tick(self, reading_since_s: float = -math.inf) -> None:
        """End the utterance of a client that stopped sending without a pause: muted, or asleep.

        Args:
            reading_since_s: the time since which its audio is read; before that, nothing could come.
        """
        if self._current is None or self._recording:
            return
        now = self._context.clock()
        if min(self._arrival_times.age_s(now), now - reading_since_s) > STALL_S:
            self._endpointer.end()

    @property
    def holds_replaced_model(self) -> bool:
        """Whether the utterance in progress is of a version that was replaced, whose memory others may wait for."""
        model = self._current.model if self._current is not None else None
        return model is not None and model.is_retired

    def attach_model(self) -> None:
        """Decode the utterances that began while there was no model, if there is one now."""
        for decoder in list(self._decoders.values()):
            if decoder.model is None:
                self._lease(decoder)

    def close(self) -> None:
        """Forget everything at once; closing again does nothing."""
        if self.state is SessionState.CLOSED:
            return
        self._move(SessionState.CLOSED)
        self._sequencer.clear()
        self._forget_from(0)

    def utterance_began(self, utterance: Utterance) -> None:
        """Begin to decode; see `EndpointerListener`."""
        decoder = UtteranceDecoder(
            self._context,
            self._config,
            utterance,
            language=self._language,
            on_partial=bind(self._on_partial, utterance.number),
            on_final=bind(self._on_final, utterance.number),
            recording=self._recording,
        )
        self._decoders[utterance.number] = decoder
        self._sequencer.open(utterance.number)
        self._set_current(decoder)
        self._lease(decoder)

    def speech_continued(self) -> None:
        """Drop what was decoded for a pause; see `EndpointerListener`."""
        if self._current is not None:
            self._current.resume()

    def speech_paused(self, silence_s: float) -> None:
        """Decode a final in advance where that pays; see `EndpointerListener`."""
        if self._current is not None:
            self._current.speculate(silence_s)

    def utterance_ended(self, utterance: Utterance) -> None:
        """Find the final, unless there was no speech; see `EndpointerListener`."""
        decoder = self._decoders[utterance.number]
        self._set_current(None)
        reason = self._no_speech(utterance)
        if reason is None:
            decoder.finish()
        else:
            self._context.metrics.rejected.labels(reason).inc()
            decoder.abandon()
            self._on_final(utterance.number, None)

    def _no_speech(self, utterance: Utterance) -> str | None:
        """Return why the sound of an utterance cannot be speech, as a metric label."""
        is_short = utterance.speech_samples < self._config.vad.min_speech_s * SAMPLE_RATE_HZ
        if self._config.use_vad and is_short and not utterance.is_cut:
            return "click"
        return "hum" if utterance.is_hum() else None

    def _lease(self, decoder: UtteranceDecoder) -> None:
        """Hold the current model for an utterance; without one the utterance waits for `attach_model`.

        While the session's language is open, only the oldest utterance is decoded: what follows is in its language.
        """
        if self._language is None and decoder.utterance.number > min(self._decoders):
            return
        try:
            model = self._context.slot.lease()
        except NotReady:
            return
        if self._version is not None and model.version != self._version:
            self._sequencer.preface(decoder.utterance.number, ModelChanged(model.version, self._version))
        self._version = model.version
        decoder.language = self._language
        decoder.attach(model, self._prompt(model))

    def _on_partial(self, number: int, hypothesis: Hypothesis) -> None:
        decoder = self._decoders[number]
        utterance, model = decoder.utterance, decoder.model
        stable, tail = utterance.agreement.stable, utterance.agreement.tail
        if model is None or not (stable + tail).strip():
            return
        self._set_language(decoder, hypothesis, MIN_LANGUAGE_PROBABILITY)
        if utterance.revision == 0:
            spoken = utterance.start + utterance.first_speech
            self._context.metrics.first_partial.observe(self._context.clock() - self._arrival_times.at(spoken))
        start_s, end_s = span(utterance)
        self._sequencer.partial(
            Partial(
                utterance=number,
                revision=utterance.revision,
                start_s=start_s,
                end_s=end_s,
                stable=stable,
                tail=tail,
                model_version=model.version,
                language=hypothesis.language,
            )
        )
        utterance.revision += 1
        self._commit_sentence(utterance)

    def _commit_sentence(self, utterance: Utterance) -> None:
        """Make what ends a sentence final while the speaker goes on: its words are stable, and more of them follow."""
        end_s = utterance.agreement.sentence_end_s()
        if self._config.use_vad and end_s is not None and end_s >= MIN_SENTENCE_S:
            self._endpointer.cut_behind(utterance, end_s)

    def _on_final(self, number: int, outcome: Hypothesis | DecodeFailed | None) -> None:
        if self.state is SessionState.CLOSED:
            return
        decoder = self._decoders.pop(number)
        utterance, model = decoder.utterance, decoder.model
        decoder.release()
        if isinstance(outcome, DecodeFailed):
            self._fail(number, outcome)
            return
        events: list[Event] = []
        if outcome is not None and model is not None:
            self._rate_check.trusted = True
            self._set_language(decoder, outcome, 0.0)
            final = final_event(utterance, outcome, model.version)
            events.append(final)
            spoken = self._arrival_times.at(utterance.start + utterance.speech_stop)
            latency_s = self._context.clock() - spoken
            self._context.metrics.final.observe(latency_s)
            if not self._recording:  # nobody waits for the finals of a file
                self._context.metrics.final_of_version(model.version, latency_s, final.confidence)
        self._acknowledged = utterance.spoken_end
        events.append(AudioAcknowledged(self._acknowledged / SAMPLE_RATE_HZ))
        self._sequencer.close(number, events)
        self._arrival_times.forget(self._acknowledged)
        if self._language is None:
            self.attach_model()
        self._close_failed()
        self._answer_flushes()

    def _fail(self, number: int, error: DecodeFailed) -> None:
        """End the session with this utterance: those before it are sound and become final first."""
        self._move(SessionState.FAILING)
        self._forget_from(number)
        self._sequencer.fail(number, SessionFailed(f"an utterance could not be decoded: {error}"))
        self._close_failed()

    def _close_failed(self) -> None:
        """Close where all that comes before the failure is final."""
        if self.state is SessionState.FAILING and not self._decoders:
            self.close()

    def _forget_from(self, number: int) -> None:
        """Let go of the audio that is in no utterance yet, and of the utterances from this one on."""
        for each in [each for each in self._decoders if each >= number]:
            decoder = self._decoders.pop(each)
            decoder.abandon()
            decoder.release()
        self._endpointer.close()
        self._set_current(None)

    def _set_language(self, decoder: UtteranceDecoder, hypothesis: Hypothesis, at_least: float) -> None:
        if self._language is None and hypothesis.language_probability > at_least:
            self._language = hypothesis.language
            event = LanguageDetected(hypothesis.language, hypothesis.language_probability)
            self._sequencer.preface(decoder.utterance.number, event)
            for each in self._decoders.values():
                each.language = self._language
            self.attach_model()

    def _answer_flushes(self) -> None:
        """Answer the flushes whose utterances are all final; behind a failure there is no answer."""
        if self.state is SessionState.CLOSED:
            return
        oldest = min(self._decoders, default=self._endpointer.numbered)
        while self._flushes and oldest >= self._flushes[0][0]:
            _, position = self._flushes.pop(0)
            self._emit(FlushFinished(position / SAMPLE_RATE_HZ))
        if not self._flushes and self.state is SessionState.FLUSHING:
            self._move(SessionState.STREAMING)

    def _acknowledge_silence(self) -> None:
        if self._decoders:
            return
        settled = self._endpointer.settled
        if settled - self._acknowledged >= SILENT_ACK_S * SAMPLE_RATE_HZ:
            self._acknowledged = settled
            self._emit(AudioAcknowledged(settled / SAMPLE_RATE_HZ))
            self._arrival_times.forget(settled)

    def _set_current(self, decoder: UtteranceDecoder | None) -> None:
        if (decoder is None) != (self._current is None):
            self._context.metrics.speaking.inc(-1 if decoder is None else 1)
        self._current = decoder

    def _move(self, to: SessionState) -> None:
        self.state = next_state(self.state, to)
