"""Brings checkpoints to the store in the background: complete or invisible, and patient with a store that is away."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.bundle import describe_folder
from carabin.registry.artifacts.checkpoints import (
    CheckpointManifest,
    publish_checkpoint,
    read_checkpoint,
)
from carabin.registry.errors import CarabinError, PreconditionFailed, StoreUnavailable
from carabin.registry.layout import checkpoint_manifest_key
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.store import ObjectStore
from carabin.service.threads import ThreadSupervisor
from carabin.service.tracing import FIELD, current_trace_id

from ..errors import UploadFailed
from .read_back import require_stored

FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class CheckpointUpload:
    """A staged folder to be published. A `final` one is the run's only outcome: its folder outlives every failure."""

    step: int
    folder: Path
    source: dict[str, str]
    metrics: dict[str, float]
    final: bool = False
    window: WindowPolicy | None = None


class Uploader:
    """One thread that publishes what it is given; a newer checkpoint takes the place of one that still waits.

    Training never waits for it. A store that is away is tried again, ever less often; any other failure is reported and
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
        threads: ThreadSupervisor | None = None,
    ) -> None:
        self._store, self._bucket, self._run, self._notify = store, bucket, run, notify
        self._first_retry_s = first_retry_s
        self._pending: CheckpointUpload | None = None
        self._unconfirmed: CheckpointUpload | None = None
        """The newest upload that the store is not known to hold."""
        self._failure: Exception | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._abandoned = threading.Event()
        self.published: CheckpointManifest | None = None
        self._thread = (threads or ThreadSupervisor()).start("checkpoint-upload", self._upload_next)

    def submit(self, upload: CheckpointUpload) -> None:
        """Publish `upload` as soon as the store lets us; its folder is removed once the store holds it."""
        with self._changed:
            waiting, self._pending, self._unconfirmed = self._pending, upload, upload
            self._changed.notify_all()
        if waiting is not None:
            shutil.rmtree(waiting.folder, ignore_errors=True)

    def close(self, patience_s: float) -> CheckpointManifest | None:
        """Wait until everything is published; return the newest published here.

        Raises:
            UploadFailed: the store stayed away for `patience_s`, refused, or does not give back what it was given.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self._abandoned.set()
            reason = self._reason(self._failure) if self._failure else "it is still under way"
            raise UploadFailed(
                f"a checkpoint of run {self._run} was not uploaded within {patience_s:.0f} s: {reason}; {self._kept()}"
            ) from self._failure
        if self._unconfirmed is not None:
            reason = self._reason(self._failure) if self._failure else "its thread died"
            raise UploadFailed(
                f"a checkpoint of run {self._run} was not uploaded: {reason}; {self._kept()}"
            ) from self._failure
        return self.published

    def _upload_next(self) -> bool:
        """Publish what waits, or wait for it; False ends the thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending is not None or self._closing)
            upload, self._pending = self._pending, None
        if upload is None or self._abandoned.is_set():
            return False
        try:
            confirmed = self._publish(upload)
        except Exception as error:
            self._failure = error
            self._notify(f"checkpoint {upload.step} was not uploaded: {self._reason(error)}")
            if not upload.final:  # the sealed checkpoint that it was laid out from is still there
                shutil.rmtree(upload.folder, ignore_errors=True)
            if not isinstance(error, CarabinError):
                raise  # logged and counted; the thread goes on
            return True
        if confirmed:
            self._failure = None
            with self._changed:
                self._unconfirmed = None if self._unconfirmed is upload else self._unconfirmed
        if not self._abandoned.is_set():
            shutil.rmtree(upload.folder, ignore_errors=True)
        return True

    def _publish(self, upload: CheckpointUpload) -> bool:
        """Return whether the store holds the upload; False where a newer one took its place."""
        pause_s = self._first_retry_s
        while True:
            try:
                started = time.monotonic()
                self.published = self._publish_once(upload)
                self._notify(f"checkpoint {upload.step} is in the store ({time.monotonic() - started:.0f} s)")
                return True
            except StoreUnavailable as error:
                self._failure = error
                self._notify(f"the store is away, checkpoint {upload.step} waits: {error}")
                if self._abandoned.wait(pause_s):
                    raise
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
                with self._changed:
                    if self._pending is not None and self._pending.step > upload.step:
                        return False  # a newer one waits; this one was never visible

    def _publish_once(self, upload: CheckpointUpload) -> CheckpointManifest:
        try:
            manifest = publish_checkpoint(
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
        except PreconditionFailed:  # an attempt before a restart, or before a lost answer, got that far
            manifest = read_checkpoint(self._store, self._bucket, self._run, upload.step)
        return self._read_back(upload) if upload.final else manifest

    def _read_back(self, upload: CheckpointUpload) -> CheckpointManifest:
        """Return the stored manifest of a final checkpoint, every byte that it names read and compared.

        Raises:
            UploadFailed: the store holds another checkpoint at this step.
            ManifestInvalid: a stored file's bytes are not those that were sent.
        """
        manifest = read_checkpoint(self._store, self._bucket, self._run, upload.step)
        if not manifest.final or manifest.files != describe_folder(upload.folder):
            where = self._store.where(self._bucket, checkpoint_manifest_key(self._run, upload.step))
            raise UploadFailed(f"{where}: the store holds another checkpoint of run {self._run} at step {upload.step}")
        require_stored(self._store, self._bucket, manifest, upload.folder)
        return manifest

    def _kept(self) -> str:
        upload = self._unconfirmed
        where = f", in {upload.folder}" if upload is not None and upload.final else ""
        return (
            f"the checkpoint is kept on this machine{where};"
            f" `carabin train --run {self._run}` with the same settings goes on from there"
        )

    @staticmethod
    def _reason(error: Exception) -> str:
        return str(error) if isinstance(error, CarabinError) else f"{type(error).__name__}: {error}"
