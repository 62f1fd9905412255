"""Finds complete checkpoints by itself: polling the registry is enough, for a manifest is written last."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from carabin.registry.artifacts.checkpoints import list_checkpoints, read_checkpoint
from carabin.registry.errors import ManifestInvalid, RegistryError
from carabin.registry.store import ObjectStore

from ..errors import ExporterError
from ..metrics import ExporterMetrics
from ..settings import ExporterSettings
from ..sources import StoredCheckpoint
from .ledger import Ledger, export_id
from .pipeline import ExportRequest
from .queue import Jobs

log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0
JITTER: Final = 0.2
"""So that replicas started together do not ask together for ever."""


class CheckpointWatcher:
    """Hands every checkpoint that is due to the jobs, until it is stopped.

    What became of a checkpoint is asked from the ledger, not remembered: a replica that was restarted, or another
    one's export that was interrupted, needs no care. Only finished ones are remembered, to spare the store.
    """

    def __init__(
        self, store: ObjectStore, bucket: str, ledger: Ledger, jobs: Jobs, settings: ExporterSettings,
        metrics: ExporterMetrics, jitter: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._store, self._bucket, self._ledger, self._jobs = store, bucket, ledger, jobs
        self._settings, self._metrics, self._jitter = settings, metrics, jitter
        self._settled: set[str] = set()
        self._stop = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="checkpoint-watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def look(self) -> list[str]:
        """Submit every checkpoint that is due and return their labels.

        Raises:
            RegistryError: the store did not answer.
        """
        due = []
        for ref in list_checkpoints(self._store, self._bucket):
            if str(ref) in self._settled:
                continue
            try:
                manifest = read_checkpoint(self._store, self._bucket, ref.run, ref.step)
            except ManifestInvalid as error:
                log.warning(str(error), extra={"event": "checkpoint_unreadable", "checkpoint": str(ref)})
                self._settled.add(str(ref))
                continue
            if self._settings.watch == "final" and not manifest.final:
                self._settled.add(str(ref))
                continue
            request = ExportRequest(
                StoredCheckpoint(self._store, self._bucket, ref.run, ref.step),
                self._settings.model_name, self._settings.quantizations, self._settings.language,
            )  # fmt: skip
            if self._is_due(str(ref), request):
                self._jobs.submit(request)
                due.append(request.source.label)
        return due

    def _is_due(self, ref: str, request: ExportRequest) -> bool:
        number = export_id(request.name, request.source.identity)
        record = self._ledger.find(request.name, number)
        if record is None:
            return True
        if record.state in ("failed", "cancelled") or set(request.forms) <= set(record.versions):
            self._settled.add(ref)
            return False
        return not self._ledger.is_held(record)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look_safely()
            pause = min(MAX_BACKOFF_S, self._settings.poll_s * 2**self._failures)
            self._stop.wait(pause * (1 + JITTER * (2 * self._jitter() - 1)))

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
