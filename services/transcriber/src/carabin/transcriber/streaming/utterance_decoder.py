"""The decodes of one utterance: greedy partials while it lasts, speculative finals at its pauses, and its one final.

Lives on the session's thread: results come in through `post`. Without a model, while one is loaded after the other was
unloaded, it waits: `attach` gives it one. Over 200 lines: the three kinds of decode share the same few states, and are
understood only together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from carabin.registry.serving_window import WindowPolicy, next_window

from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..core.errors import DecodeFailed
from ..inference.engine import DecodeRequest, Hypothesis
from ..models.prompt import Prompt
from ..models.slot import ModelHandle
from ..scheduling.jobs import DecodeJob, Lane
from ..scheduling.load import FIRST_PARTIAL_S, FULL_BEAM
from .decode_context import DecodeContext
from .decode_requests import DecodeRequests
from .hallucinations import is_duplicated, rejection_reason, repetition_reason
from .prompt_echo import is_echo, was_spoken
from .utterance import Utterance

WITHHELD_S = 0.2
"""Words that end so near the audio's end are not shown yet: most words that were revised on the screen were such.
What was measured: docs/decisions/continuous-dictation.md."""
WORD_IS_OVER_S = 0.1
"""With so much silence behind it the last word was spoken to its end, and is shown."""
MAX_ATTEMPTS = 2
"""A final that fails its guards is decoded once more, in the next window that suits any model."""


@dataclass(slots=True)
class SpeculativeFinal:
    """A final decoded before the pause was sure."""

    stop: int
    """Where speech had ended when it was made; speech since then makes it worthless."""
    job: DecodeJob
    hypothesis: Hypothesis | None = None


@dataclass(frozen=True, slots=True)
class _DoubtedFinal:
    """A sound final that was decoded once more."""

    job: DecodeJob
    hypothesis: Hypothesis
    reason: str


@dataclass(slots=True)
class _Draft:
    """What the newest partial wrote, words that are not shown yet among them; requests hold it, and nothing else."""

    text: str = ""

    def __call__(self) -> str:
        return self.text


class UtteranceDecoder:
    """Decodes one utterance with one model.

    Args:
        language: the session's language as far as it is known.
        on_partial: called after each hypothesis that moved the utterance's agreement.
        on_final: called once, with the hypothesis, None for an utterance without text, or what failed.
        recording: the utterance is part of a file: no speculation, and live sessions go first.
    """

    def __init__(
        self,
        context: DecodeContext,
        config: SessionConfig,
        utterance: Utterance,
        *,
        language: str | None,
        on_partial: Callable[[Hypothesis], None],
        on_final: Callable[[Hypothesis | DecodeFailed | None], None],
        recording: bool = False,
    ) -> None:
        self.utterance = utterance
        self.language = language
        self._context = context
        self._config = config
        self._on_partial = on_partial
        self._on_final = on_final
        self._recording = recording
        self._requests: DecodeRequests | None = None
        self._partial: DecodeJob | None = None
        self._partial_at = 0
        self._speculation: SpeculativeFinal | None = None
        self._final: DecodeJob | None = None
        self._doubted: _DoubtedFinal | None = None
        self._draft = _Draft()
        self._attempts = 0
        self._ended = False
        self._over = False
        self._prompt_partials = True
        self._prompt_final = True

    @property
    def model(self) -> ModelHandle | None:
        """The model that decodes this utterance, held for it; None while there is none."""
        return self._requests.model if self._requests else None

    def attach(self, model: ModelHandle, prompt: Prompt) -> None:
        """Take the model, which the caller holds for this utterance, and decode what waited for it."""
        self._requests = DecodeRequests(self._config, self.utterance, model, prompt)
        if self._ended and not self._over:
            self._request_final()

    def request_partial(self) -> None:
        """Decode what there is so far, if enough of it is new."""
        requests = self._requests
        if requests is None or self._busy() or not self._config.partials or self._recording:
            return
        n = len(self.utterance.audio)
        if not self._partial_is_due(n) or self.utterance.is_hum():
            return
        request = requests.partial(self.language, prompted=self._prompt_partials)
        if self._partial is None:
            lane = Lane.PARTIAL if self.utterance.revision else Lane.FIRST_PARTIAL
            self._partial = self._submit(lane, request, self._partial_done)
            self._partial_at = n
        elif self._context.scheduler.replace(self._partial, request):
            self._partial_at = n

    def speculate(self, silence_s: float) -> None:
        """Decode the utterance as if it were over, unless the silence is too short for what that costs just now."""
        if self._requests is None or self._busy() or self._recording:
            return
        if silence_s < self._context.load.speculate_after_s(self._context.clock()):
            return
        if not self.utterance.is_hum():
            job = self._submit(Lane.SPECULATIVE, self._final_request(self._requests), self._speculation_done)
            self._speculation = SpeculativeFinal(self.utterance.speech_stop, job)

    def resume(self) -> None:
        """Speech went on: drop the speculative final."""
        if self._speculation is not None:
            self._withdraw(self._speculation.job)
            self._context.metrics.speculations.labels("wasted").inc()
            self._speculation = None

    def finish(self) -> None:
        """The utterance is over: find its final, now or when there is a model."""
        self._ended = True
        if self._requests is None:
            return
        speculation, self._speculation = self._speculation, None
        self._drop_partial()
        if speculation is not None and speculation.stop == self.utterance.speech_stop:
            self._context.metrics.speculations.labels("used").inc()
            self._final = speculation.job
            self._attempts = 1
            if speculation.hypothesis is not None:
                self._judge(speculation.hypothesis)
            else:
                self._context.scheduler.promote(speculation.job, Lane.FINAL)
            return
        if speculation is not None:
            self._withdraw(speculation.job)
        self._request_final()

    def abandon(self) -> None:
        """Forget everything; `on_final` is not called."""
        self._over = True
        self._drop_partial()
        for job in (self._speculation.job if self._speculation else None, self._final):
            if job is not None:
                self._withdraw(job)

    def release(self) -> None:
        """Give the model back, and let go of the jobs: they hold the audio, and refer back to this object."""
        if self.model is not None:
            self.model.release()
        self._requests = self._partial = self._speculation = self._final = self._doubted = None

    def _busy(self) -> bool:
        return self._final is not None or self._speculation is not None

    def _partial_is_due(self, n: int) -> bool:
        if self._partial_at == 0:
            return self.utterance.speech_samples >= FIRST_PARTIAL_S * SAMPLE_RATE_HZ
        load = self._context.load
        wait_s = load.cadence_s() if self.utterance.revision else load.first_retry_s()
        return n - self._partial_at >= wait_s * SAMPLE_RATE_HZ

    def _request_final(self) -> None:
        assert self._requests is not None
        lane = Lane.RECORDING if self._recording else Lane.FINAL
        self._attempts += 1
        self._final = self._submit(lane, self._final_request(self._requests), self._final_done)

    def _final_request(self, requests: DecodeRequests) -> DecodeRequest:
        beam_size = FULL_BEAM if self._recording else self._context.load.beam_size(self._context.clock())
        lexicon = beam_size >= FULL_BEAM  # a loaded service has no time for a second decode
        if not lexicon and requests.prompt.second_pass() is not None:
            self._context.metrics.second_decodes.labels("skipped").inc()
        # Asked when the decode begins: a partial that is decoded just now may be done by then.
        is_early = not self._recording and self._context.scheduler.has_free_worker
        draft = self._draft if is_early else None
        return requests.final(self.language, beam_size, prompted=self._prompt_final, lexicon=lexicon, draft=draft)

    def _submit(
        self, lane: Lane, request: DecodeRequest, done: Callable[[DecodeJob, Hypothesis | DecodeFailed], None]
    ) -> DecodeJob:
        model = self.model
        assert model is not None
        model.try_retain()  # the utterance holds it already, so it is there
        job = DecodeJob(
            lane, request, model, lambda job, outcome: self._context.post(lambda: self._returned(job, outcome, done))
        )
        self._context.scheduler.submit(job)
        return job

    def _returned(
        self,
        job: DecodeJob,
        outcome: Hypothesis | DecodeFailed,
        done: Callable[[DecodeJob, Hypothesis | DecodeFailed], None],
    ) -> None:
        job.model.release()
        if not self._over and not job.cancelled:
            done(job, outcome)

    def _withdraw(self, job: DecodeJob) -> None:
        """Cancel a job; the outcome of one that runs already is ignored."""
        was_waiting = self._context.scheduler.cancel(job)
        job.cancelled = True
        if was_waiting:
            job.model.release()

    def _drop_partial(self) -> None:
        if self._partial is not None:
            self._withdraw(self._partial)
            self._partial = None

    def _partial_done(self, job: DecodeJob, outcome: Hypothesis | DecodeFailed) -> None:
        self._partial = None
        if isinstance(outcome, DecodeFailed):
            return
        if repetition_reason(outcome, len(job.request.samples)):
            self._retry_partial("partial", job)
        elif self._echoes(job, self.utterance.agreement.stable + outcome.text):
            self._prompt_partials = False
            self._context.metrics.retries.labels("prompt_echo").inc()
        elif rejection_reason(outcome, len(job.request.samples), self._config.no_speech_threshold) is None:
            self._draft.text = self.utterance.agreement.stable + outcome.text
            self.utterance.agreement.update(outcome.words, self._shown_until_s(len(job.request.samples)))
            self._on_partial(outcome)

    def _shown_until_s(self, n_samples: int) -> float:
        """Return up to which second of so many decoded samples words are shown."""
        paused = n_samples - self.utterance.speech_stop >= WORD_IS_OVER_S * SAMPLE_RATE_HZ
        return math.inf if paused or not self._config.steady else n_samples / SAMPLE_RATE_HZ - WITHHELD_S

    def _retry_partial(self, reason: str, job: DecodeJob) -> None:
        assert self._requests is not None
        self._context.metrics.retries.labels(reason).inc()
        self._requests.min_window = next_window(job.request.window_frames)

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
            self._count("failed")
            self._end(outcome)
        else:
            self._judge(outcome)

    def _judge(self, hypothesis: Hypothesis) -> None:
        """Take a final that passes its guards; else decode it once more, in a larger window and without the prompt.

        A final that passed and was only doubted is not lost where its second decode is rejected.
        """
        job = self._final
        assert job is not None
        reason = rejection_reason(hypothesis, len(job.request.samples), self._config.no_speech_threshold)
        if reason is None and self._attempts < MAX_ATTEMPTS and (reason := self._doubt(job, hypothesis)):
            self._doubted = _DoubtedFinal(job, hypothesis, reason)
        if reason is None:
            self._accept(job, hypothesis)
        elif self._attempts < MAX_ATTEMPTS and reason != "empty":
            self._retry_final(reason, job)
        elif self._doubted is not None and self._stands(self._doubted, hypothesis, reason):
            self._accept(self._doubted.job, self._doubted.hypothesis)
        else:
            self._context.metrics.rejected.labels(reason).inc()
            self._count("empty" if reason == "empty" else "rejected")
            self._end(None)

    def _accept(self, job: DecodeJob, hypothesis: Hypothesis) -> None:
        self._context.metrics.beam.labels(str(job.request.beam_size)).inc()
        if hypothesis.passes > 1:
            self._context.metrics.second_decodes.labels("merged" if hypothesis.lexicon else "kept").inc()
        elif hypothesis.lexicon:
            self._context.metrics.second_decodes.labels("alone").inc()
        self._context.shadow(job.request, hypothesis.text)
        self._count("text")
        self._end(hypothesis)

    def _retry_final(self, reason: str, job: DecodeJob) -> None:
        assert self._requests is not None
        self._context.metrics.retries.labels(reason).inc()
        if reason != "doubled":
            self._prompt_final = False
        if reason != "prompt_echo":
            self._requests.min_window = max(next_window(job.request.window_frames), WindowPolicy().min_frames)
        self._request_final()

    def _stands(self, doubted: _DoubtedFinal, retry: Hypothesis, rejected_for: str) -> bool:
        """Return whether a doubted final is the text all the same, where its second decode is worth nothing."""
        if doubted.reason == "doubled":
            return True
        assert self._requests is not None
        return was_spoken(
            doubted.hypothesis,
            retry,
            self._requests.prompt.initial_prompt,
            rejected_for=rejected_for,
            speech_s=self._speech_s,
            no_speech_threshold=self._config.no_speech_threshold,
        )

    def _doubt(self, job: DecodeJob, hypothesis: Hypothesis) -> str | None:
        """Return why a sound hypothesis is worth a second decode, as a metric label."""
        if self._echoes(job, hypothesis.text):
            return "prompt_echo"
        return "doubled" if is_duplicated(hypothesis.text) else None

    def _echoes(self, job: DecodeJob, text: str) -> bool:
        if not job.request.prompt or self._requests is None:
            return False
        prompt = self._requests.prompt
        return is_echo(text, prompt.expected, prompt.initial_prompt, self._speech_s)

    @property
    def _speech_s(self) -> float:
        return self.utterance.speech_samples / SAMPLE_RATE_HZ

    def _count(self, outcome: str) -> None:
        if self.model is not None:
            self._context.metrics.utterance_decoded(self.model.version, outcome, self._attempts)

    def _end(self, outcome: Hypothesis | DecodeFailed | None) -> None:
        self._over = True
        self._on_final(outcome)
