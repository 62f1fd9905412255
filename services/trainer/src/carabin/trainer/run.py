"""What every phase of a run shares, and how its checkpoints leave this machine."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import torch
from accelerate import PartialState
from accelerate.utils import reduce
from carabin.registry.checkpoints import CheckpointManifest, RunRecord, WindowPolicy, write_run
from carabin.registry.errors import StoreUnreachable
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore

from .checkpoint import seal, stage
from .dictations import Dictation
from .errors import Stopped, UploadFailed
from .progress import Progress
from .resume import Identity
from .samples import write_samples
from .serving import processor_files
from .settings import TrainerSettings
from .uploader import Upload, Uploader

PEER_PATIENCE: Final = timedelta(hours=12)
"""One process computes the features of a large dataset, or evaluates, while the others wait for it. torchrun, not this,
notices one that is dead."""


class Run:
    """One run's settings, store, folders, clock and ears."""

    def __init__(
        self,
        settings: TrainerSettings,
        store: ObjectStore,
        buckets: StoreSettings,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self.settings, self.store, self.name = settings, store, progress.run
        self.progress, self.stopped = progress, stopped
        self.bucket, self.datasets_bucket = buckets.checkpoints_bucket, buckets.datasets_bucket
        self.work, self.cache = settings.work_dir / self.name, settings.work_dir / "cache"
        self.processes = PartialState(cpu=not torch.cuda.is_available(), timeout=PEER_PATIENCE)
        self.record = RunRecord(run=self.name, started_at=datetime.now(UTC), settings=shown(settings))
        self.seconds: dict[str, float] = {}
        self.leaving = False
        """All processes agreed to stop, whichever of them was asked."""

    @property
    def main(self) -> bool:
        """Whether this process speaks for the run."""
        return bool(self.processes.is_main_process)

    def stopped_together(self) -> bool:
        """Say whether any process was asked to stop: all of them must leave the loop at the same step."""
        asked = self.stopped()
        if self.processes.num_processes > 1:
            asked = bool(reduce(torch.tensor(float(asked), device=self.processes.device), "sum") > 0)
        self.leaving = self.leaving or asked
        return asked

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Let one process of each machine download and compute; the others find it done, and all leave together.

        Raises:
            Stopped: in all processes, where one of them was asked to stop meanwhile.
        """
        first, stopped = self.processes.is_local_main_process, False
        if not first:
            self.processes.wait_for_everyone()
        try:
            yield
        except Stopped:
            stopped = True
        if first:
            self.processes.wait_for_everyone()
        if self.stopped_together() or stopped:
            raise Stopped("stopped before the first step; nothing was learnt yet")

    def tell_store(self, *, required: bool = False, **changes: Any) -> None:
        """Write how the run stands; only with `required` must the store be there.

        Raises:
            StoreError: the store is away, or refuses us, before anything was spent on training.
        """
        self.record = self.record.model_copy(update={**changes, "updated_at": datetime.now(UTC)})
        if not self.main:
            return
        try:
            write_run(self.store, self.bucket, self.record)
        except StoreUnreachable:
            if required:
                raise

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the block's seconds to `seconds[name]`."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 1)

    def clean(self) -> None:
        """Remove what a finished run no longer needs: all of it is in the store."""
        if self.main:
            shutil.rmtree(self.work, ignore_errors=True)


class Saver:
    """Seals each checkpoint and gives it to the uploader; leaving the block waits until the store has them.

    After an error it waits no longer than a stop may take: the error matters more.
    """

    def __init__(
        self, run: Run, base: Path, identity: Identity, source: dict[str, str], samples: Sequence[Dictation]
    ) -> None:
        self._run, self._base, self._identity, self._source = run, base, identity, source
        self._samples = samples
        self._uploader = Uploader(run.store, run.bucket, run.name, run.progress.note) if run.main else None
        self._uploaded_at = time.monotonic()
        self.published: CheckpointManifest | None = None

    def __enter__(self) -> Self:
        return self

    def saved(self, step: int, folder: Path, losses: dict[str, float]) -> None:
        """Take over the checkpoint that the Trainer wrote; on its main process."""
        self._identity.write(folder)
        seal(folder)
        self._run.tell_store(step=step, metrics=losses)
        due = time.monotonic() - self._uploaded_at >= self._run.settings.upload_interval_s
        if self._uploader is not None and (due or self._run.leaving):
            self._uploaded_at = time.monotonic()
            staged = stage(folder, self._run.work / f"upload-{step}", processor_files(self._base))
            write_samples(staged, self._samples)
            self._uploader.submit(Upload(step, staged, self._source, losses))

    def final(self, folder: Path, step: int, metrics: dict[str, float], window: WindowPolicy) -> None:
        """Publish the run's outcome and wait until the store has it.

        Raises:
            UploadFailed: it does not get there; the folder is kept.
        """
        if self._uploader is not None:
            staged = folder.with_name(f"upload-{step}")
            shutil.rmtree(staged, ignore_errors=True)
            folder.rename(staged)
            self._uploader.submit(Upload(step, staged, self._source, metrics, final=True, window=window))
            with self._run.progress.phase("upload the checkpoint"):
                self.published = self._uploader.close(self._run.settings.upload_patience_s)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._uploader is None or self.published is not None:
            return
        patience_s = self._run.settings.stop_grace_s
        if isinstance(error, Stopped):
            with suppress(UploadFailed):  # it is whole on this machine, and the next start finds it
                self.published = self._uploader.close(patience_s)
        else:
            with suppress(UploadFailed):
                self._uploader.close(patience_s)


def shown(settings: TrainerSettings) -> dict[str, str]:
    """Return the settings as text, those that say how a run learns."""
    names = (
        "dataset",
        "replay",
        "replay_share",
        "silence_share",
        "base",
        "mode",
        "epochs",
        "max_steps",
        "batch_size",
        "accumulation",
        "peak_rate",
        "warmup_share",
        "warmup_steps",
        "weight_decay",
        "lora_rank",
        "train_embeddings",
        "precision",
        "seed",
        "patience",
        "timestamps",
        "language",
        "augment",
        "spec_augment",
        "full_window",
        "alphas",
        "general_budget",
    )
    return {name: str(getattr(settings, name)) for name in names}
