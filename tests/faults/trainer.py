"""Real trainings of a tiny Whisper on a tiny dataset: one run undisturbed, and what another may leave in the store."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from carabin.registry.artifacts.checkpoints import (
    CheckpointManifest,
    RunRecord,
    fetch_checkpoint,
    list_checkpoints,
    read_checkpoint,
)
from carabin.registry.artifacts.datasets import SplitCount, publish_dataset
from carabin.registry.errors import ObjectMissing
from carabin.registry.layout import run_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.proxy import StoreProxy

from .conftest import FREE_PORTS, as_role, empty, last_of_each_kind
from .forked import Ended, ForkServer, fork_server
from .tiny import exportable_checkpoint, module_at

PROGRAM = "carabin-trainer"
IMPORTED = ("carabin.trainer.launch", "tensorboard", "torch.utils.tensorboard", "ctranslate2", "faster_whisper")
STEPS, EVERY = 4, 2
FINAL = STEPS + 1
"""The chosen weights get the number after the last step's."""
SETTINGS = {
    "CARABIN_TRAINER_MODE": "full",
    "CARABIN_TRAINER_MAX_STEPS": str(STEPS),
    "CARABIN_TRAINER_CHECKPOINT_STEPS": str(EVERY),
    "CARABIN_TRAINER_BATCH_SIZE": "4",
    "CARABIN_TRAINER_PRECISION": "fp32",
    "CARABIN_TRAINER_INTERPOLATION_WEIGHTS": "[1.0]",
    "CARABIN_TRAINER_EVALUATE": "false",
    "CARABIN_TRAINER_EVALUATE_LIMIT": "1",
    "CARABIN_TRAINER_WINDOW_BUDGET": "0",
    "CARABIN_TRAINER_UPLOAD_INTERVAL_S": "0",
    "CARABIN_TRAINER_THREADS": "1",
    "CARABIN_TRAINER_WORK_DIR": "work",
}
numbers = itertools.count(1)


class Trainings:
    """Starts runs before one store, and reads there what became of them."""

    def __init__(self, server: ForkServer, proxy: StoreProxy, settings: StoreSettings, base: Path) -> None:
        self.server, self.proxy, self.base, self.settings = server, proxy, base, settings
        self.store, self.bucket = MinioStore(settings), settings.checkpoints_bucket

    def new_name(self) -> str:
        return f"run-{next(numbers)}"

    def train(
        self, run: str, folder: Path, at: int | None = None, fault: str = "",
        *, log: Path | None = None, patience_s: float = 60,
    ) -> Ended:  # fmt: skip
        """Do a run, or what is left of it, to its end; with `fault`, it happens at step `at`."""
        environment = (
            FREE_PORTS
            | SETTINGS
            | as_role(self.settings, "trainer")
            | {
                "CARABIN_STORE_ENDPOINT": self.proxy.endpoint,
                "CARABIN_TRAINER_BASE": str(self.base),
                "CARABIN_TRAINER_RUN": run,
                "CARABIN_TRAINER_UPLOAD_PATIENCE_S": str(patience_s),
            }
        )
        self.server.start("carabin.trainer", folder=folder, environment=environment, at=at, fault=fault, log=log)
        return self.server.wait()

    def record(self, run: str) -> RunRecord | None:
        try:
            return RunRecord.from_bytes(self.store.get(self.bucket, run_key(run)), run)
        except ObjectMissing:
            return None

    def final(self, run: str) -> CheckpointManifest | None:
        """Return the manifest of the run's final checkpoint, if it is visible."""
        steps = [ref.step for ref in list_checkpoints(self.store, self.bucket, run)]
        return read_checkpoint(self.store, self.bucket, run, FINAL) if FINAL in steps else None

    def require_whole(self, run: str, folder: Path) -> None:
        """Every visible checkpoint has all its bytes, and only steps that the schedule has are there."""
        for ref in list_checkpoints(self.store, self.bucket, run):
            assert ref.step in {*range(EVERY, STEPS + 1, EVERY), FINAL}
            manifest = read_checkpoint(self.store, self.bucket, run, ref.step)
            fetch_checkpoint(self.store, self.bucket, manifest, folder / f"{run}-{ref.step}")


def weights(manifest: CheckpointManifest) -> str:
    """Return the hash of a checkpoint's weights: equal ones went through the same steps, each of them once."""
    [entry] = [entry for entry in manifest.files if entry.path == "model.safetensors"]
    return entry.sha256


@dataclass(frozen=True)
class Undisturbed:
    """What a run gives to which nothing happens, and its steps and requests: of each kind, the number of the last."""

    weights: str
    kinds_of_steps: list[int]
    kinds_of_requests: list[int]

    def step_at(self, share: float) -> int:
        return self.kinds_of_steps[int(share * len(self.kinds_of_steps))]

    def request_at(self, share: float) -> int:
        return self.kinds_of_requests[int(share * len(self.kinds_of_requests))]


@contextmanager
def trainings(settings: StoreSettings, folder: Path) -> Iterator[Trainings]:
    """Publish the dataset and serve the base; everything that the runs need, for as long as the block lasts."""
    base, data = folder / "base", folder / "dictations"
    base.mkdir()
    helpers = module_at("services/trainer/tests/helpers/training.py")
    store = MinioStore(settings)
    counts = {"train": SplitCount(dictations=len(helpers.SENTENCES), duration_s=15.0)}
    publish_dataset(
        store, settings.datasets_bucket, "dictations", helpers.tones(data), datetime.now(UTC), source={}, counts=counts
    )
    with (
        StoreProxy(settings.endpoint).running() as proxy,
        fork_server(folder, IMPORTED) as server,
    ):
        yield Trainings(server, proxy, settings, exportable_checkpoint(base))
    empty(settings, settings.checkpoints_bucket)


def undisturbed(trainings: Trainings, folder: Path) -> Undisturbed:
    """Do one run to which nothing happens."""
    run, log = trainings.new_name(), folder / "steps"
    trainings.proxy.requests.clear()
    ended = trainings.train(run, folder, log=log)
    assert ended.code == 0, ended.output
    manifest = trainings.final(run)
    assert manifest is not None
    requests = [f"{request.method} {request.path}" for request in trainings.proxy.requests]
    return Undisturbed(weights(manifest), last_of_each_kind(log.read_text().splitlines()), last_of_each_kind(requests))
