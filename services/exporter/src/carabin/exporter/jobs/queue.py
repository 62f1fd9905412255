"""Exports waiting and under way in this process: one at a time, in order, each followed by any number of listeners."""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from carabin.registry.errors import CarabinError
from carabin.service.logging import bind
from carabin.service.tracing import FIELD, current_trace_id, trace_id_of

from ..errors import ExportBusy, ExportCancelled, ExporterError, ExportFailedBefore, LeaseLost
from ..metrics import ExporterMetrics
from .ledger import export_id
from .pipeline import Exporter, ExportRequest, Step

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 10.0
"""How often a listener is woken although nothing happened, to see whether its caller is still there."""


@dataclass(slots=True)
class ExportJob:
    """One request on its way."""

    request: ExportRequest
    id: str
    trace_id: str = field(default_factory=current_trace_id)
    """Of the caller who asked for it, if it was one."""
    stop: threading.Event = field(default_factory=threading.Event)
    steps: list[Step] = field(default_factory=list)
    error: BaseException | None = None
    finished: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, step: Step) -> None:
        with self.changed:
            self.steps.append(step)
            self.changed.notify_all()

    def end(self, error: BaseException | None) -> None:
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


class QueueFull(ExporterError):
    """Too many exports wait here."""


class Jobs:
    """Runs exports in one thread: each needs the memory of a whole checkpoint."""

    def __init__(self, exporter: Exporter, metrics: ExporterMetrics, max_waiting: int) -> None:
        self._exporter, self._metrics, self._max_waiting = exporter, metrics, max_waiting
        self._waiting: queue.SimpleQueue[ExportJob | None] = queue.SimpleQueue()
        self._jobs: dict[str, ExportJob] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="exporter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, grace_s: float | None = None) -> None:
        """End the running export between two steps, giving its lease back, and forget those that wait."""
        with self._lock:
            self._stopping = True
            for job in self._jobs.values():
                job.stop.set()
        self._waiting.put(None)
        self._thread.join(grace_s)

    def submit(self, request: ExportRequest) -> ExportJob:
        """Queue an export, or join the one of the same checkpoint that is here already.

        Raises:
            QueueFull: too many wait.
        """
        number = export_id(request.name, request.source.identity)
        with self._lock:
            joined = self._jobs.get(number)
            if joined and set(request.forms) <= set(joined.request.forms):
                return joined
            if len(self._jobs) >= self._max_waiting or self._stopping:
                raise QueueFull(f"{len(self._jobs)} exports wait here already; try again later")
            job = ExportJob(request, number)
            self._jobs[number] = job
            self._metrics.waiting.set(len(self._jobs))
            job.tell(Step("queued", f"behind {len(self._jobs) - 1} others"))
            self._waiting.put(job)
            return job

    def find(self, number: str) -> ExportJob | None:
        """Return the job that waits or runs here, if there is one."""
        with self._lock:
            return self._jobs.get(number)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            self._metrics.running.set(1)
            bind(**{FIELD: _trace(job)})
            error = self._carry_out(job)
            with self._lock:
                if self._jobs.get(job.id) is job:
                    del self._jobs[job.id]
                self._metrics.waiting.set(len(self._jobs))
            self._metrics.running.set(0)
            job.end(error)

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
        self._job.tell(step)


def _trace(job: ExportJob) -> str:
    """Return the trace of whoever asked, else that of the run which wrote the checkpoint."""
    return job.trace_id or job.request.source.background().source.get(FIELD) or trace_id_of(None)


def _outcome(error: CarabinError) -> str:
    if isinstance(error, ExportBusy | LeaseLost):
        return "busy"
    if isinstance(error, ExportCancelled):
        return "cancelled"
    return "skipped" if isinstance(error, ExportFailedBefore) else "failed"
