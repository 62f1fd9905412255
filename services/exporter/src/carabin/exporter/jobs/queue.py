"""Exports waiting and under way in this process: one at a time, in order, each followed by any number of listeners.

Over 200 lines: the queue, its worker and its listeners share one lock.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from carabin.registry.errors import CarabinError
from carabin.service.logging import bind
from carabin.service.threads import SupervisedThread, ThreadSupervisor
from carabin.service.tracing import FIELD, current_trace_id, trace_id_of

from ..errors import ExportBusy, ExportCancelled, ExporterError, ExportFailedBefore, LeaseLost, QueueFull
from ..metrics import ExporterMetrics
from .pipeline import Exporter
from .records import export_id
from .request import ExportRequest, Step

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 10.0
"""How often a listener is woken although nothing happened, to see whether its caller is still there."""
MAX_WAITING: Final = 16
"""More exports that wait or run are refused: at minutes each, the seventeenth would wait for over an hour."""


@dataclass(slots=True)
class ExportJob:
    """One request that waits or runs."""

    request: ExportRequest
    id: str
    trace_id: str = field(default_factory=current_trace_id)
    """Of the call that asked for it; empty where the watcher did."""
    stop: threading.Event = field(default_factory=threading.Event)
    steps: list[Step] = field(default_factory=list)
    error: BaseException | None = None
    finished: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add_step(self, step: Step) -> None:
        """Record a step and wake every listener."""
        with self.changed:
            self.steps.append(step)
            self.changed.notify_all()

    def end(self, error: BaseException | None) -> None:
        """Mark the job as finished, with its error if it failed, and wake every listener."""
        with self.changed:
            self.error, self.finished = error, True
            self.changed.notify_all()

    def follow(self) -> Iterator[Step | None]:
        """Yield every step from the first, None when nothing happened for a while, and end with the job."""
        seen = 0
        while True:
            with self.changed:
                if seen == len(self.steps) and not self.finished:
                    self.changed.wait(HEARTBEAT_S)
                steps, finished = self.steps[seen:], self.finished
            seen += len(steps)
            yield from steps
            if finished and not steps:
                return
            if not steps:
                yield None


class Jobs:
    """Runs exports in one thread: each needs the memory of a whole checkpoint."""

    def __init__(
        self, exporter: Exporter, metrics: ExporterMetrics, max_waiting: int, threads: ThreadSupervisor
    ) -> None:
        self._exporter, self._metrics, self._max_waiting = exporter, metrics, max_waiting
        self._threads = threads
        self._waiting: queue.SimpleQueue[ExportJob | None] = queue.SimpleQueue()
        self._unfinished: list[ExportJob] = []
        self._lock = threading.Lock()
        self._stopping = self._running = False
        self._thread: SupervisedThread | None = None

    def start(self) -> None:
        """Begin to carry jobs out."""
        self._thread = self._threads.start("exports", self._run_next)

    def stop(self, grace_s: float | None = None) -> None:
        """End the running export between two steps, giving its lease back, and drop those that wait.

        An export that reaches no step's end within `grace_s` has its lease given back nevertheless: otherwise each end
        of the process in a long step would count as a death that the checkpoint caused.
        """
        with self._lock:
            self._stopping = True
            for job in self._unfinished:
                job.stop.set()
        self._waiting.put(None)
        if self._thread:
            self._thread.join(grace_s)
            if self._thread.is_alive():
                self._exporter.release()

    def submit(self, request: ExportRequest) -> ExportJob:
        """Queue an export, or join one of the same checkpoint that is here already and has every form asked for.

        Raises:
            QueueFull: too many wait.
        """
        number = export_id(request.name, request.source.identity)
        with self._lock:
            for job in self._unfinished:
                if job.id == number and set(request.forms) <= set(job.request.forms):
                    return job
            if len(self._unfinished) >= self._max_waiting or self._stopping:
                raise QueueFull(f"{len(self._unfinished)} exports wait here already; try again later")
            job = ExportJob(request, number)
            self._unfinished.append(job)
            self._metrics.waiting.set(len(self._unfinished) - self._running)
            job.add_step(Step("queued", f"behind {len(self._unfinished) - 1} others"))
            self._waiting.put(job)
            return job

    def unfinished(self, number: str) -> Sequence[ExportJob]:
        """Return the jobs of one export that wait or run here: several where a later one asked for further forms."""
        with self._lock:
            return tuple(job for job in self._unfinished if job.id == number)

    def _run_next(self) -> bool:
        job = self._waiting.get()
        if job is None:
            return False
        self._show(running=True)
        error: BaseException | None = ExporterError(f"export {job.id} crashed")
        try:
            bind(**{FIELD: _trace(job)})
            error = self._carry_out(job)
        finally:
            with self._lock:
                self._unfinished.remove(job)
            self._show(running=False)
            job.end(error)
        return True

    def _show(self, *, running: bool) -> None:
        with self._lock:
            self._running = running
            self._metrics.running.set(running)
            self._metrics.waiting.set(len(self._unfinished) - running)

    def _carry_out(self, job: ExportJob) -> BaseException | None:
        extra = {"export": job.id, "model": job.request.name, "checkpoint": job.request.source.label}
        clock = _StageClock(job, self._metrics)
        try:
            if job.stop.is_set():
                raise ExportCancelled(f"export {job.id}: stopped before it began")
            versions = self._exporter.export(job.request, clock, job.stop)
        except CarabinError as error:
            self._metrics.exports.labels(_outcome(error)).inc()
            log.warning(str(error), extra={"event": "export_" + _outcome(error), **extra})
            return error
        except Exception as error:  # a bug or a full memory must not end the service
            self._metrics.exports.labels("crashed").inc()
            log.exception("export crashed", extra={"event": "export_crashed", **extra})
            return ExporterError(f"export {job.id} crashed: {type(error).__name__}: {error}")
        self._metrics.exports.labels("done").inc()
        names = [manifest.version for manifest in versions]
        log.info("exported", extra={"event": "exported", "versions": names, "total_s": clock.total_s, **extra})
        return None


class _StageClock:
    """Passes steps on, and measures each from its beginning to the next one's."""

    def __init__(self, job: ExportJob, metrics: ExporterMetrics) -> None:
        self._job, self._metrics = job, metrics
        self._started = self._since = time.monotonic()
        self._stage = ""

    @property
    def total_s(self) -> float:
        return round(time.monotonic() - self._started, 3)

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        if self._stage:
            self._metrics.stage_seconds.labels(self._stage).observe(now - self._since)
        self._stage, self._since = step.stage, now
        self._job.add_step(step)


def _trace(job: ExportJob) -> str:
    """Return the trace of the call that asked, else that of the run which wrote the checkpoint."""
    return job.trace_id or job.request.source.background().source.get(FIELD) or trace_id_of(None)


def _outcome(error: CarabinError) -> str:
    if isinstance(error, ExportBusy | LeaseLost):
        return "busy"
    if isinstance(error, ExportCancelled):
        return "cancelled"
    return "skipped" if isinstance(error, ExportFailedBefore) else "failed"
