"""The decodes of one utterance: greedy partials while it lasts, guesses at its pauses, and its one final.

Lives on the session's thread: results come in through `post`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from carabin.registry.serving_window import (
    FINAL_TOKENS_PER_S,
    PARTIAL_TOKENS_PER_S,
    WindowPolicy,
    frames_in,
    next_window,
    token_cap,
)

from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import DecodeFailed
from ..inference.engine import DecodeRequest, Hypothesis
from ..metrics import Metrics
from ..models.slot import ModelHandle, Slot
from ..scheduling.load import FIRST_PARTIAL_S, LoadController
from ..scheduling.scheduler import DecodeJob, Lane, Scheduler
from .hallucinations import is_duplicated, rejection_reason, repetition
from .utterance import Utterance

FINAL_SILENCE_S = 0.35
"""Put behind an utterance, which is cut at its last sound. Measured on 64 dictated sentences with a stock Whisper base:
word errors of 66.5 % without it and 63.7 % with it, as with so much real silence; a model of ours is at 51.5 % with
either."""
MAX_ATTEMPTS = 2
"""A final that fails its guards is decoded once more, in the next window that suits any model."""


@dataclass(frozen=True, slots=True)
class DecodeContext:
    """What decoding needs of the rest of the service."""

    slot: Slot
    scheduler: Scheduler
    load: LoadController
    metrics: Metrics
    clock: Callable[[], float]
    post: Callable[[Callable[[], None]], None]
    """Runs a call on the session's thread; safe from any thread."""
    shadow: Callable[[DecodeRequest, str], None] = lambda request, text: None  # noqa: ARG005
    """Takes each final's audio and text, for a version on probation."""


@dataclass(slots=True)
class SpeculativeFinal:
    """A final decoded before the pause was sure."""

    stop: int
    """Where speech had ended when it was made; speech since then makes it worthless."""
    job: DecodeJob
    hypothesis: Hypothesis | None = None


class UtteranceDecoder:
    """Decodes one utterance with one model.

    Args:
        prompt: the prompt's tokens.
        language: the session's language as far as it is known.
        on_partial: called after each hypothesis that moved the utterance's agreement.
        on_final: called once, with the hypothesis, None for an utterance without text, or what failed.
        recording: the utterance is part of a file: no guesses, and live sessions go first.
    """

    def __init__(
        self,
        context: DecodeContext,
        config: SessionConfig,
        utterance: Utterance,
        model: ModelHandle,
        *,
        prompt: tuple[int, ...],
        language: str | None,
        on_partial: Callable[[Hypothesis], None],
        on_final: Callable[[Hypothesis | DecodeFailed | None], None],
        recording: bool = False,
    ) -> None:
        self.utterance = utterance
        self.model = model
        self.language = language
        self._context = context
        self._config = config
        self._prompt = prompt
        self._on_partial = on_partial
        self._on_final = on_final
        self._recording = recording
        self._partial: DecodeJob | None = None
        self._partial_at = 0
        self._min_window = 0
        self._speculation: SpeculativeFinal | None = None
        self._final: DecodeJob | None = None
        self._attempts = 0
        self._over = False

    def request_partial(self) -> None:
        """Ask for a partial if enough new audio is there."""
        if self._final or self._speculation or not self._config.partials or self._recording:
            return
        n = len(self.utterance.audio)
        if not self._partial_is_due(n):
            return
        request = self._request(n, 1, PARTIAL_TOKENS_PER_S, prefix=self.utterance.agreement.prefix)
        if self._partial is None:
            lane = Lane.PARTIAL if self.utterance.revision else Lane.FIRST_PARTIAL
            self._partial = self._submit(lane, request, self._partial_done)
            self._partial_at = n
        elif self._context.scheduler.replace(self._partial, request):
            self._partial_at = n

    def speculate(self, silence_s: float) -> None:
        """Decode the utterance as if it were over, unless the silence is too short for what that costs just now."""
        if self._final or self._speculation or self._recording:
            return
        if silence_s >= self._context.load.speculate_after_s(self._context.clock()):
            guess = self._submit(Lane.SPECULATIVE, self._final_request(0), self._speculation_done)
            self._speculation = SpeculativeFinal(self.utterance.speech_stop, guess)

    def resume(self) -> None:
        """Speech went on: forget the guess."""
        if self._speculation is not None:
            self._withdraw(self._speculation.job)
            self._context.metrics.speculations.labels("wasted").inc()
            self._speculation = None

    def finish(self) -> None:
        """The utterance is over: find its final."""
        guess, self._speculation = self._speculation, None
        self._drop_partial()
        if guess is not None and guess.stop == self.utterance.speech_stop:
            self._context.metrics.speculations.labels("used").inc()
            self._final = guess.job
            self._attempts = 1
            if guess.hypothesis is not None:
                self._judge(guess.hypothesis)
            else:
                self._context.scheduler.promote(guess.job, Lane.FINAL)
            return
        if guess is not None:
            self._withdraw(guess.job)
        self._ask_final()

    def abandon(self) -> None:
        """Forget everything; `on_final` is not called."""
        self._over = True
        self._drop_partial()
        for job in (self._speculation.job if self._speculation else None, self._final):
            if job is not None:
                self._withdraw(job)

    def _partial_is_due(self, n: int) -> bool:
        if self._partial_at == 0:
            return self.utterance.speech_samples >= FIRST_PARTIAL_S * SAMPLE_RATE_HZ
        load = self._context.load
        wait_s = load.cadence_s() if self.utterance.revision else load.first_retry_s()
        return n - self._partial_at >= wait_s * SAMPLE_RATE_HZ

    def _ask_final(self) -> None:
        lane = Lane.RECORDING if self._recording else Lane.FINAL
        self._attempts += 1
        self._final = self._submit(lane, self._final_request(self._min_window), self._final_done)

    def _final_request(self, min_window: int) -> DecodeRequest:
        n = self.utterance.spoken_stop
        self._min_window = max(self._min_window, min_window)
        beam_size = 5 if self._recording else self._context.load.beam_size(self._context.clock())
        return self._request(
            n, beam_size, FINAL_TOKENS_PER_S, word_timestamps=self._config.word_timestamps, silence_s=FINAL_SILENCE_S
        )

    def _request(
        self,
        n: int,
        beam_size: int,
        tokens_per_s: int,
        *,
        prefix: tuple[int, ...] = (),
        word_timestamps: bool = False,
        silence_s: float = 0.0,
    ) -> DecodeRequest:
        return DecodeRequest(
            samples=self.utterance.audio.view(0, n),
            window_frames=max(self._min_window, self.model.engine.windows.window_for(frames_in(n))),
            language=self.language,
            task=self._config.task,
            beam_size=beam_size,
            max_tokens=token_cap(frames_in(n), tokens_per_s),
            prompt=self._prompt,
            prefix=prefix,
            word_timestamps=word_timestamps,
            silence_s=silence_s,
        )

    def _submit(
        self, lane: Lane, request: DecodeRequest, done: Callable[[DecodeJob, Hypothesis | DecodeFailed], None]
    ) -> DecodeJob:
        self.model.try_retain()  # the utterance holds it already, so it is there
        job = DecodeJob(
            lane,
            request,
            self.model,
            lambda job, outcome: self._context.post(lambda: self._returned(job, outcome, done)),
        )
        self._context.scheduler.submit(job)
        return job

    def _returned(
        self,
        job: DecodeJob,
        outcome: Hypothesis | DecodeFailed,
        done: Callable[[DecodeJob, Hypothesis | DecodeFailed], None],
    ) -> None:
        self.model.release()
        if not self._over and not job.cancelled:
            done(job, outcome)

    def _withdraw(self, job: DecodeJob) -> None:
        """Cancel a job; one that runs already is let run and not listened to."""
        was_waiting = self._context.scheduler.cancel(job)
        job.cancelled = True
        if was_waiting:
            self.model.release()

    def _drop_partial(self) -> None:
        if self._partial is not None:
            self._withdraw(self._partial)
            self._partial = None

    def _partial_done(self, job: DecodeJob, outcome: Hypothesis | DecodeFailed) -> None:
        self._partial = None
        if isinstance(outcome, DecodeFailed):
            return
        if repetition(outcome, len(job.request.samples)):
            self._context.metrics.retries.labels("partial").inc()
            self._min_window = next_window(job.request.window_frames)
        elif rejection_reason(outcome, len(job.request.samples), self._config.no_speech_threshold) is None:
            self.utterance.agreement.update(outcome.words)
            self._on_partial(outcome)

    def _speculation_done(self, job: DecodeJob, outcome: Hypothesis | DecodeFailed) -> None:
        if self._final is job:
            self._final_done(job, outcome)
        elif self._speculation is not None and self._speculation.job is job:
            if isinstance(outcome, DecodeFailed):
                self._speculation = None
            else:
                self._speculation.hypothesis = outcome

    def _final_done(self, _: DecodeJob, outcome: Hypothesis | DecodeFailed) -> None:
        if isinstance(outcome, DecodeFailed):
            self._end(outcome)
        else:
            self._judge(outcome)

    def _judge(self, hypothesis: Hypothesis) -> None:
        job = self._final
        assert job is not None
        reason = rejection_reason(hypothesis, len(job.request.samples), self._config.no_speech_threshold)
        if reason is None and self._attempts < MAX_ATTEMPTS and is_duplicated(hypothesis.text):
            reason = "doubled"
        if reason is None:
            self._context.metrics.beam.labels(str(job.request.beam_size)).inc()
            self._context.shadow(job.request, hypothesis.text)
            self._end(hypothesis)
        elif self._attempts < MAX_ATTEMPTS and reason != "empty":
            self._context.metrics.retries.labels(reason).inc()
            self._min_window = max(next_window(job.request.window_frames), WindowPolicy().min_frames)
            self._ask_final()
        else:
            self._context.metrics.rejected.labels(reason).inc()
            self._end(None)

    def _end(self, outcome: Hypothesis | DecodeFailed | None) -> None:
        self._over = True
        self._on_final(outcome)
