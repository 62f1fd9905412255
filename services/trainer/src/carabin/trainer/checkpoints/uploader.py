"""Brings checkpoints to the store in the background: complete or invisible, and patient with a store that is away."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.checkpoints import CheckpointManifest, publish_checkpoint, read_checkpoint
from carabin.registry.errors import CarabinError, PreconditionFailed, StoreUnreachable
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.store import ObjectStore
from carabin.service.tracing import FIELD, current_trace_id

from ..errors import UploadFailed

FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class CheckpointUpload:
    """A staged folder to be published."""

    step: int
    folder: Path
    source: dict[str, str]
    metrics: dict[str, float]
    final: bool = False
    window: WindowPolicy | None = None


class Uploader:
    """One thread that publishes what it is given; a newer checkpoint takes the place of one that still waits.

    Training never waits for it. A store that is away is tried again, ever less often; any other refusal is reported and
    kept for `close`.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        run: str,
        notify: Callable[[str], None],
        *,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self._store, self._bucket, self._run, self._notify = store, bucket, run, notify
        self._first_retry_s = first_retry_s
        self._pending: CheckpointUpload | None = None
        self._failure: CarabinError | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._abandoned = threading.Event()
        self.published: CheckpointManifest | None = None
        self._thread = threading.Thread(target=self._work, name="checkpoint-upload", daemon=True)
        self._thread.start()

    def submit(self, upload: CheckpointUpload) -> None:
        """Publish `upload` as soon as the store lets us; its folder is removed afterwards."""
        with self._changed:
            waiting, self._pending = self._pending, upload
            self._changed.notify_all()
        if waiting is not None:
            shutil.rmtree(waiting.folder, ignore_errors=True)

    def close(self, patience_s: float) -> CheckpointManifest | None:
        """Wait until everything is published; return the newest published here.

        Raises:
            UploadFailed: the store stayed away for `patience_s`, or refused.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self._abandoned.set()
            raise UploadFailed(
                f"the store stayed away for {patience_s:.0f} s: the checkpoint is kept on this machine;"
                f" run {self._run} again to upload it"
            )
        if self._failure is not None:
            raise UploadFailed(f"a checkpoint of run {self._run} was not uploaded: {self._failure}") from self._failure
        return self.published

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending is not None or self._closing)
                upload, self._pending = self._pending, None
            if upload is None or self._abandoned.is_set():
                return
            try:
                self._publish(upload)
                self._failure = None
            except CarabinError as error:
                self._failure = error
                self._notify(f"checkpoint {upload.step} was not uploaded: {error}")
            finally:
                if not self._abandoned.is_set():
                    shutil.rmtree(upload.folder, ignore_errors=True)

    def _publish(self, upload: CheckpointUpload) -> None:
        pause_s = self._first_retry_s
        while True:
            try:
                started = time.monotonic()
                self.published = publish_checkpoint(
                    self._store,
                    self._bucket,
                    self._run,
                    upload.step,
                    upload.folder,
                    datetime.now(UTC),
                    # From here the exporter takes the run's trace on, and from it the transcriber.
                    source=upload.source | ({FIELD: trace} if (trace := current_trace_id()) else {}),
                    metrics=upload.metrics,
                    final=upload.final,
                    window=upload.window,
                )
                self._notify(f"checkpoint {upload.step} is in the store ({time.monotonic() - started:.0f} s)")
                return
            except PreconditionFailed:  # a run before a restart got that far
                self.published = read_checkpoint(self._store, self._bucket, self._run, upload.step)
                return
            except StoreUnreachable as error:
                self._notify(f"the store is away, checkpoint {upload.step} waits: {error}")
                if self._abandoned.wait(pause_s):
                    raise
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
                with self._changed:
                    if self._pending is not None and self._pending.step > upload.step:
                        return  # a newer one waits; this one was never visible
