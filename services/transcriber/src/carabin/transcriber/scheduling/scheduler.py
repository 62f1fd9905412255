"""One queue over all sessions, and the threads that decode from it.

Finals go first, then speculative finals, then first partials, then partials, then recordings, which wait no longer than
their patience. A session has at most one partial waiting: a newer one takes its place in the queue. Requests that can
share a call are decoded together. Over 200 lines: the queue, its workers and the retry share one lock and one rule.
"""

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from carabin.service.logging import describe_error
from carabin.service.threads import SupervisedThread, ThreadSupervisor

from ..core.errors import DecodeFailed
from ..inference.engine import DecodeRequest, Engine, Hypothesis
from ..metrics import Metrics
from ..models.slot import ModelHandle
from .jobs import DecodeJob, Lane, rank
from .load import LoadController
from .mel_workers import MelWorkers
from .turns import ModelTurns

log = logging.getLogger(__name__)

_STOP_POLL_S = 0.5
"""How soon a caller of `decode_alone` notices that no decode will come."""


class Scheduler:
    """The queue and its workers.

    Args:
        threads: supervises the workers.
        workers: threads that decode; no more than the engine has replicas.
        mel_workers: threads that compute features of what waits.
        clock: any steady clock, in seconds.
    """

    def __init__(
        self,
        metrics: Metrics,
        load: LoadController,
        threads: ThreadSupervisor,
        *,
        workers: int = 2,
        mel_workers: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._load = load
        self._clock = clock
        self._jobs: list[DecodeJob] = []
        self._turns = ModelTurns()
        self._condition = threading.Condition()
        self._stopping = False
        self._threads = threads
        self._n_workers = workers
        self._n_decoding = 0
        """Batches that a worker has taken and not yet decoded."""
        self._workers: list[SupervisedThread] = []
        self._mel_workers = MelWorkers(threads, mel_workers)

    def start(self) -> None:
        """Start the workers."""
        self._workers = [self._threads.start(f"decode-{i}", self._work) for i in range(self._n_workers)]
        self._mel_workers.start()

    def stop(self) -> None:
        """Let running decodes end; what waits is dropped."""
        with self._condition:
            self._stopping = True
            self._jobs.clear()
            self._condition.notify_all()
        for worker in self._workers:
            worker.join()
        self._mel_workers.stop()

    @property
    def waiting(self) -> int:
        """Return how many jobs no worker has taken yet."""
        return len(self._jobs)

    @property
    def has_free_worker(self) -> bool:
        """Return whether a job that is submitted now needs to wait for no other."""
        with self._condition:
            return self._n_decoding + len(self._jobs) < self._n_workers

    def submit(self, job: DecodeJob) -> None:
        """Put a job into the queue; `job.done` is called when it is decoded."""
        with self._condition:
            job.submitted_at = self._clock()
            self._jobs.append(job)
            self._gauge(job.lane)
            self._condition.notify()
        self._mel_workers.prepare(job.request)

    def replace(self, job: DecodeJob, request: DecodeRequest) -> bool:
        """Give a waiting job newer audio, at its place in the queue; False if a worker has it already."""
        with self._condition:
            if job.started or job.cancelled:
                return False
            job.request = request
        self._mel_workers.prepare(request)
        self._metrics.coalesced.inc()
        return True

    def promote(self, job: DecodeJob, lane: Lane) -> None:
        """Move a job to another lane, where it still waits."""
        with self._condition:
            before, job.lane = job.lane, lane
            self._gauge(before)
            self._gauge(lane)

    def cancel(self, job: DecodeJob) -> bool:
        """Forget a job; False if a worker has it already, and then `done` is still called."""
        with self._condition:
            if job.started:
                return False
            job.cancelled = True
            if job in self._jobs:
                self._jobs.remove(job)
                self._gauge(job.lane)
            return True

    def take(self) -> list[DecodeJob] | None:
        """Wait for work and return a batch that can share a call; None when stopping."""
        with self._condition:
            while not self._jobs and not self._stopping:
                self._condition.wait()
            if self._stopping:
                return None
            now = self._clock()
            self._jobs.sort(key=lambda job: rank(job, now))
            first = self._turns.next(self._jobs)
            key = first.request.batch_key
            batch = [job for job in self._jobs if job.model is first.model and job.request.batch_key == key]
            batch = batch[: first.model.engine.max_batch]
            self._n_decoding += 1
            for job in batch:
                job.started = True
                self._jobs.remove(job)
                self._gauge(job.lane)
        for job in batch:
            self._observe_wait(job, now)
        return batch

    def decode_alone(self, version: str, engine: Engine, request: DecodeRequest) -> Hypothesis:
        """Decode on an engine that does not serve yet, when live sessions leave a worker free; waits for it.

        Raises:
            DecodeFailed: the engine failed twice, or the scheduler is stopping.
        """
        answer: SimpleQueue[Hypothesis | DecodeFailed] = SimpleQueue()
        self.submit(
            DecodeJob(Lane.RECORDING, request, ModelHandle(version, engine), lambda _, outcome: answer.put(outcome))
        )
        while True:
            try:
                outcome = answer.get(timeout=_STOP_POLL_S)
            except Empty:
                if self._stopping:
                    raise DecodeFailed("the transcriber is stopping") from None
                continue
            if isinstance(outcome, DecodeFailed):
                raise outcome
            return outcome

    def _observe_wait(self, job: DecodeJob, now: float) -> None:
        wait_s = now - job.submitted_at
        self._metrics.queue_wait.labels(job.lane.name.lower()).observe(wait_s)
        if job.lane in (Lane.FINAL, Lane.SPECULATIVE):
            self._load.final_started(wait_s, now)

    def _work(self) -> bool:
        batch = self.take()
        if batch is None:
            return False
        self.decode(batch)
        return True

    def decode(self, batch: list[DecodeJob]) -> None:
        """Decode what `take` gave; where it fails, each request alone once more, so that only the guilty one fails."""
        try:
            outcomes: list[Hypothesis | DecodeFailed] = [*self._call(batch)]
        except DecodeFailed as error:
            log.warning("a batch failed", extra={"event": "decode_retry", "jobs": len(batch), "error": str(error)})
            self._metrics.retries.labels("failure").inc(len(batch))
            outcomes = [self._alone(job) for job in batch]
        finally:
            with self._condition:
                self._n_decoding -= 1
        for job, outcome in zip(batch, outcomes, strict=True):
            if job.lane in (Lane.PARTIAL, Lane.FIRST_PARTIAL):
                now = self._clock()
                self._load.partial_done(now - job.submitted_at, now)
            self._deliver(job, outcome)

    def _deliver(self, job: DecodeJob, outcome: Hypothesis | DecodeFailed) -> None:
        """Call back; one job's failing callback must not keep the rest of its batch from theirs."""
        try:
            job.done(job, outcome)
        except Exception as error:
            self._metrics.callback_failures.labels(job.lane.name.lower()).inc()
            extra = {"event": "callback_failed", "lane": job.lane.name.lower()} | describe_error(error)
            job.context.run(log.error, "a decode's callback failed", extra=extra)

    def _alone(self, job: DecodeJob) -> Hypothesis | DecodeFailed:
        try:
            return self._call([job])[0]
        except DecodeFailed as error:
            self._metrics.failures.inc()
            extra = {"event": "decode_failed", "error": str(error)}
            job.context.run(log.error, "a request failed twice", extra=extra)
            return error

    def _call(self, batch: list[DecodeJob]) -> list[Hypothesis]:
        try:
            hypotheses, timing = batch[0].model.engine.decode([job.request for job in batch])
        except DecodeFailed:
            raise
        except Exception as error:  # whatever the engine does, the worker lives; its text may hold anything
            raise DecodeFailed(f"the engine raised {type(error).__name__}") from error
        if len(hypotheses) != len(batch):
            raise DecodeFailed(f"the engine returned {len(hypotheses)} hypotheses for {len(batch)} requests")
        self._metrics.encode.observe(timing.encode_s)
        self._metrics.decode.observe(timing.decode_s)
        self._metrics.batch_size.observe(len(batch))
        self._metrics.window_frames.labels(str(batch[0].request.window_frames)).inc(len(batch))
        return hypotheses

    def _gauge(self, lane: Lane) -> None:
        self._metrics.queue_length.labels(lane.name.lower()).set(sum(job.lane is lane for job in self._jobs))
