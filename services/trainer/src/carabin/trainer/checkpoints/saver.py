"""How a run's checkpoints leave this machine: sealed here, uploaded in the background."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from carabin.registry.artifacts.checkpoints import CheckpointManifest
from carabin.registry.serving_window import WindowPolicy

from ..data.dictations import Dictation
from ..errors import UploadFailed
from ..models.ct2_export import processor_files
from ..runtime.run import RECORDED, RunContext, finite
from .layout import seal, stage, translate_disk_errors
from .pending_final import PendingFinal, find_final, keep_final
from .resume import RunFingerprint
from .samples import write_samples
from .uploader import CheckpointUpload, Uploader


class Saver:
    """Seals each checkpoint and gives it to the uploader; leaving the block waits until the store has them.

    It waits no longer than a stop may take: after an error the error matters more.
    """

    def __init__(
        self,
        run: RunContext,
        base: Path,
        identity: RunFingerprint,
        source: dict[str, str],
        samples: Sequence[Dictation],
    ) -> None:
        self._run, self._base, self._identity, self._source = run, base, identity, source
        self._samples = samples
        self._uploader = Uploader(run.store, run.bucket, run.name, run.progress.note) if run.main else None
        self._uploaded_at = time.monotonic()
        self.published: CheckpointManifest | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, step: int, folder: Path, losses: dict[str, float]) -> None:
        """Take over the checkpoint that the Trainer wrote; on its main process."""
        losses = finite(losses)
        self._identity.write(folder)
        seal(folder)
        self._run.write_record(step=step, metrics=losses)
        due = time.monotonic() - self._uploaded_at >= self._run.settings.upload_interval_s
        if self._uploader is not None and (due or self._run.leaving):
            self._uploaded_at = time.monotonic()
            staged = stage(folder, self._run.work / f"upload-{step}", processor_files(self._base))
            write_samples(staged, self._samples)
            self._uploader.submit(CheckpointUpload(step, staged, self._source, losses))

    def publish_final(self, folder: Path, step: int, metrics: dict[str, float], window: WindowPolicy) -> None:
        """Publish the run's outcome and wait until the store has it, read back.

        Raises:
            UploadFailed: it does not get there; the folder is kept, and the same run publishes it when started again.
        """
        if self._uploader is None:
            return
        with translate_disk_errors(self._run.work):
            kept = keep_final(
                self._run.work, folder, step,
                source=self._source, metrics=finite(metrics), window=window, made_by=self._made_by(),
            )  # fmt: skip
        self.publish_kept(kept)

    def find_kept(self) -> PendingFinal | None:
        """Return the outcome that this run evaluated before, and that the store does not hold yet."""
        return find_final(self._run.work, self._made_by()) if self._run.main else None

    def publish_kept(self, kept: PendingFinal) -> None:
        """Publish an outcome that `find_kept` found; see `publish_final`."""
        if self._uploader is None:
            return
        upload = CheckpointUpload(kept.step, kept.folder, kept.source, kept.metrics, final=True, window=kept.window)
        self._uploader.submit(upload)
        with self._run.progress.phase("upload the checkpoint"):
            self.published = self._uploader.close(self._run.settings.upload_patience_s)

    def _made_by(self) -> dict[str, str]:
        values = self._run.settings.values_of(*RECORDED) | self._run.schedule()
        identity = self._identity
        hashes = {"base": identity.base, "dataset": identity.dataset, "replay": identity.replay}
        return values | {f"{name}_sha256": value for name, value in hashes.items()}

    def __exit__(self, *_: object) -> None:
        if self._uploader is None or self.published is not None:
            return
        with suppress(UploadFailed):  # what was sealed is complete on this machine, and the next start finds it
            self._uploader.close(self._run.settings.stop_grace_s)
