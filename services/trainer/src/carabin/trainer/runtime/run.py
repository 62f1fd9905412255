"""What every phase of a run shares."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import torch
from accelerate import PartialState
from accelerate.utils import gather_object, reduce
from carabin.registry.artifacts.checkpoints import RunRecord, write_run
from carabin.registry.errors import StoreError
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore

from ..errors import ResumeRefused, Stopped
from ..settings import SettingRole, TrainerSettings
from .device import Computed, choose_precision, has_bf16
from .progress import Progress

RECORDED: Final = (SettingRole.SOURCE, SettingRole.SCHEDULE, SettingRole.SELECTION)
"""Settings that a run record and a model card show: those that say how the model came about."""
PEER_PATIENCE: Final = timedelta(hours=12)
"""One process computes the features of a large dataset, or evaluates, while the others wait for it. torchrun, not this,
notices one that is dead."""


class RunContext:
    """One run's settings, store, folders, clock and stop requests."""

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
        self.record = RunRecord(run=self.name, started_at=datetime.now(UTC), settings=settings.values_of(*RECORDED))
        self.seconds: dict[str, float] = {}
        self.leaving = False
        """All processes agreed to stop, whichever of them was asked."""
        self._unrecorded = False
        """Whether the store did not take the newest record."""

    @cached_property
    def precision(self) -> Computed:
        """What this machine computes in under the setting `precision`.

        Raises:
            SettingsRefused: the device cannot do what was asked.
        """
        cuda = torch.cuda.is_available()
        return choose_precision(self.settings.precision, cuda=cuda, bf16=has_bf16(cuda=cuda))

    def schedule(self) -> dict[str, str]:
        """Return what a resumed run must share with the one that it continues, by setting."""
        return self.settings.values_of(SettingRole.SCHEDULE) | {"precision": self.precision}

    @property
    def main(self) -> bool:
        """Whether this process speaks for the run."""
        return bool(self.processes.is_main_process)

    def stopped_together(self) -> bool:
        """Return whether any process was asked to stop: all of them must leave the loop at the same step."""
        requested = self.any_process(self.stopped())
        self.leaving = self.leaving or requested
        return requested

    def any_process(self, flag: bool) -> bool:
        """Return whether `flag` is true in any process; all of them must call it."""
        if self.processes.num_processes > 1:
            return bool(reduce(torch.tensor(float(flag), device=self.processes.device), "sum") > 0)
        return flag

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

    def agree(self, step: int) -> None:
        """Make sure that all processes go on from the same checkpoint; `step` is this process's, 0 to begin.

        Raises:
            ResumeRefused: they found different ones; in all processes.
        """
        steps = gather_object([step]) if self.processes.num_processes > 1 else [step]
        if len(set(steps)) > 1:
            raise ResumeRefused(
                f"run {self.name}: its processes find checkpoints of different steps ({', '.join(map(str, steps))}):"
                " let its machines share work_dir, or remove the run's folder in it on each"
            )

    def write_record(self, *, required: bool = False, **changes: Any) -> None:
        """Write how the run stands: only where it is `required` does a store that is away or refuses it end the run.

        The first refusal in a row is noted, each is counted.

        Raises:
            StoreError: the record is required, and the store does not take it.
        """
        if "metrics" in changes:
            changes["metrics"] = finite(changes["metrics"])
        self.record = self.record.model_copy(update={**changes, "updated_at": datetime.now(UTC)})
        if not self.main:
            return
        try:
            write_run(self.store, self.bucket, self.record)
        except StoreError as error:
            if required:
                raise
            if not self._unrecorded:
                self.progress.note(f"the store does not take the run's record, the run goes on: {error}")
            self._unrecorded = True
            self.progress.count_record_failure()
        else:
            self._unrecorded = False

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


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return `metrics` without NaN and infinities, for which JSON has no word: no manifest may hold one."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
