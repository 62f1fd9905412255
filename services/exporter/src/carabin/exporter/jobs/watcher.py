"""Finds complete checkpoints by polling the registry: that is enough, for a manifest is written last."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from carabin.registry.artifacts.checkpoints import CheckpointRef, list_checkpoints, read_checkpoint
from carabin.registry.errors import ManifestInvalid, RegistryError, VersionMissing
from carabin.registry.store import ObjectStore
from carabin.service.threads import SupervisedThread, ThreadSupervisor

from ..errors import ExporterError, QueueFull
from ..metrics import ExporterMetrics
from ..settings import ExporterSettings
from ..sources import StoredCheckpoint
from .ledger import Ledger
from .queue import Jobs
from .records import export_id
from .request import ExportRequest

log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0
JITTER: Final = 0.2
"""Share by which a pause is longer or shorter, so that replicas started together do not poll in step."""


class CheckpointWatcher:
    """Hands every checkpoint that is due to the jobs, until it is stopped.

    What became of a checkpoint is asked from the ledger, not remembered: a replica that was restarted, or another
    one's export that was interrupted, needs no care. Only finished ones are remembered, to spare the store.
    """

    def __init__(
        self, store: ObjectStore, bucket: str, ledger: Ledger, jobs: Jobs, settings: ExporterSettings,
        metrics: ExporterMetrics, threads: ThreadSupervisor, jitter: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._store, self._bucket, self._ledger, self._jobs = store, bucket, ledger, jobs
        self._settings, self._metrics, self._jitter = settings, metrics, jitter
        self._settled: set[str] = set()
        self._unreadable: set[str] = set()
        """Logged once; read again at every look, for somebody may mend or delete what cannot be read."""
        self._stop = threading.Event()
        self._failures = 0
        self._threads = threads
        self._thread: SupervisedThread | None = None

    def start(self) -> None:
        """Begin to look, in a supervised thread."""
        self._metrics.last_look.set_to_current_time()  # 0 says that nothing watches
        self._thread = self._threads.start("checkpoint-watcher", self._look_and_wait)

    def stop(self) -> None:
        """End the look under way and wait for it."""
        self._stop.set()
        if self._thread:
            self._thread.stop()
            self._thread.join()

    def look(self) -> list[str]:
        """Submit every checkpoint that is due and return their labels.

        A checkpoint or an export record that cannot be read is logged and left out: it must not stop the others.

        Raises:
            RegistryError: the store did not answer.
        """
        due = []
        for ref in list_checkpoints(self._store, self._bucket):
            if str(ref) in self._settled:
                continue
            try:
                request = self._request_for(ref)
                if request and self._is_due(str(ref), request):
                    self._jobs.submit(request)
                    due.append(request.source.label)
            except VersionMissing:
                continue  # deleted since the listing
            except ManifestInvalid as error:
                if str(ref) not in self._unreadable:
                    log.warning(str(error), extra={"event": "checkpoint_unreadable", "checkpoint": str(ref)})
                self._unreadable.add(str(ref))
            except QueueFull:
                break  # the rest is still due at the next look
        return due

    def _request_for(self, ref: CheckpointRef) -> ExportRequest | None:
        manifest = read_checkpoint(self._store, self._bucket, ref.run, ref.step)
        if self._settings.watch == "final" and not manifest.final:
            self._settled.add(str(ref))
            return None
        return ExportRequest(
            StoredCheckpoint(self._store, self._bucket, ref.run, ref.step),
            self._settings.model_name, self._settings.quantizations, self._settings.language,
        )  # fmt: skip

    def _is_due(self, ref: str, request: ExportRequest) -> bool:
        number = export_id(request.name, request.source.identity)
        held = self._ledger.find(request.name, number)
        if held is None:
            return True
        record = held.record
        # One that published every form and died before it wrote "done" left the record as running: it is still due.
        whole = record.state == "done" and set(request.forms) <= set(record.versions)
        if whole or record.state in ("failed", "cancelled"):
            self._settled.add(ref)
            return False
        return not held.leased

    def _look_and_wait(self) -> bool:
        self._look_safely()
        pause = min(MAX_BACKOFF_S, self._settings.poll_s * 2**self._failures)
        self._stop.wait(pause * (1 + JITTER * (2 * self._jitter() - 1)))
        return not self._stop.is_set()

    def _look_safely(self) -> None:
        try:
            self.look()
            self._failures = 0
            self._metrics.last_look.set_to_current_time()
        except (RegistryError, ExporterError) as error:
            # 2**8 polls are longer than the greatest back-off already.
            self._failures = min(self._failures + 1, 8)
            self._metrics.watch_errors.inc()
            log.warning(str(error), extra={"event": "watch_failed", "failures": self._failures})
