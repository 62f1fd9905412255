"""A container's first process receives the signal: its workers save, and it ends as they did."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import list_checkpoints, read_checkpoint
from carabin.registry.artifacts.datasets import SplitCount, publish_dataset
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

from ..helpers.training import run_record

LAUNCHER = [sys.executable, "-m", "carabin.trainer.runtime.torchrun", "--standalone"]
IN_KUBERNETES = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
STEPS = 60

LISTENS = """
from carabin.trainer.runtime.stopping import StopRequests
stopping = StopRequests()
print("listens", flush=True)
while not stopping.requested():
    pass
raise SystemExit(stopping.exit_code(None))
"""
GOES_ON = """
from carabin.trainer.runtime.stopping import StopRequests
stopping = StopRequests()
print("listens", flush=True)
while not stopping.requested():
    pass
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("requested", flush=True)
while True:
    pass
"""
NEVER_LISTENS = "import time; print('begins', flush=True); time.sleep(600)"
FAILS = "raise SystemExit(3)"


@contextmanager
def started(command: list[str], environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*LAUNCHER, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def script(folder: Path, text: str) -> str:
    file = folder / "worker.py"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("environment", "code"),
    [({}, 0), (IN_KUBERNETES, 75)],
    ids=["alone", "in Kubernetes"],
)
def test_a_stop_ends_with_a_code_that_a_job_does_not_take_for_the_end_of_the_run(
    tmp_path: Path, environment: dict[str, str], code: int
) -> None:
    with started(["--nproc-per-node=1", script(tmp_path, LISTENS)], environment) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "listens\n"
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(60) == code


def test_a_stop_before_anything_was_begun_loses_nothing(tmp_path: Path) -> None:
    with started(["--nproc-per-node=1", script(tmp_path, NEVER_LISTENS)]) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "begins\n"
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(60) == 0


def test_a_second_signal_does_not_wait_for_the_workers(tmp_path: Path) -> None:
    with started(["--nproc-per-node=1", script(tmp_path, GOES_ON)]) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "listens\n"
        launcher.send_signal(signal.SIGTERM)
        assert launcher.stdout.readline() == "requested\n"
        launcher.send_signal(signal.SIGINT)
        _, printed = launcher.communicate(timeout=60)
    assert launcher.returncode == 1
    assert "ended by SIGINT, before the workers had saved" in printed


def test_a_worker_that_fails_fails_the_launch_in_one_sentence(tmp_path: Path) -> None:
    with started(["--nproc-per-node=1", script(tmp_path, FAILS)]) as launcher:
        _, printed = launcher.communicate(timeout=60)
    assert launcher.returncode == 1
    assert "carabin-trainer: worker 0 ended with 3; its own lines say why" in printed


@pytest.fixture
def trainer(s3_environment: StoreSettings, tiny: Path, tones_folder: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a run on a real store that holds the dataset."""
    publish_dataset(
        MinioStore(s3_environment),
        s3_environment.datasets_bucket,
        "tones",
        tones_folder,
        datetime.now(UTC),
        source={},
        counts={"train": SplitCount(dictations=12, duration_s=15.0)},
    )
    values = {
        "DATASET": "tones",
        "BASE": str(tiny),
        "RUN": "r",
        "MODE": "full",
        "MAX_STEPS": str(STEPS),
        "CHECKPOINT_STEPS": str(STEPS),
        "BATCH_SIZE": "4",
        "PATIENCE": "0",
        "ALPHAS": "[1.0]",
        "EVALUATE": "false",
        "EVALUATE_LIMIT": "1",
        "PRECISION": "fp32",
        "GRPC_PORT": "0",
        "METRICS_PORT": "0",
    }
    return {f"CARABIN_TRAINER_{name}": value for name, value in values.items()}


def test_a_run_of_two_processes_that_is_asked_to_stop_saves_ends_with_0_and_goes_on(
    trainer: dict[str, str], s3_environment: StoreSettings, tmp_path: Path
) -> None:
    store, bucket = MinioStore(s3_environment), s3_environment.checkpoints_bucket
    command = ["--nproc-per-node=2", "-m", "carabin.trainer"]
    with started(command, {**trainer, "CARABIN_TRAINER_WORK_DIR": str(tmp_path / "one")}) as launcher:
        assert launcher.stderr is not None
        next(line for line in launcher.stderr if '"loss"' in line and json.loads(line)["step"] >= 2)
        launcher.send_signal(signal.SIGTERM)
        _, printed = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, printed[-2000:]
    assert run_record(store, bucket, "r").state == "stopped"
    (saved,) = list_checkpoints(store, bucket, "r")
    assert 2 <= saved.step < STEPS
    assert {"training/optimizer.pt", "training/scheduler.pt", "model.safetensors"} <= {
        file.path for file in read_checkpoint(store, bucket, "r", saved.step).files
    }
    with started(command, {**trainer, "CARABIN_TRAINER_WORK_DIR": str(tmp_path / "another")}) as launcher:
        _, printed = launcher.communicate(timeout=300)
    assert launcher.returncode == 0, printed[-2000:]
    assert f"goes on from checkpoint-{saved.step}" in printed
    assert run_record(store, bucket, "r").state == "finished"
