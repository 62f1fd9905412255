"""`carabin-exporter serve` as an operating system sees it: killed, restarted and stopped, on a real store."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.records import ExportRecord
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.publish import fetch_model, list_versions, read_manifest
from carabin.registry.connect import connect
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.fixtures import s3_environment, s3_settings

__all__ = ["s3_environment", "s3_settings"]

PATIENCE = 2400
"""Turns of 50 ms: two minutes, for a busy machine that imports torch."""


@contextmanager
def served(work: Path) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "MODEL_NAME": "cardio", "WATCH": "all", "POLL_S": "0.2", "LEASE_S": "3", "WORK": str(work), "HOST": "127.0.0.1",
        "GRPC_PORT": "0", "METRICS_PORT": "0",
    }  # fmt: skip
    environment = {**os.environ, **{f"CARABIN_EXPORTER_{name}": value for name, value in settings.items()}}
    with (work / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "carabin.exporter", "serve"], env=environment, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_work_of_a_killed_exporter_is_taken_over_and_sigterm_ends_the_next_in_order(
    s3_environment: StoreSettings, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    store = connect(s3_environment)
    publish_checkpoint(
        store,
        s3_environment.checkpoints_bucket,
        "run-1",
        1,
        pristine_checkpoint,
        datetime.now(UTC),
        source={},
        metrics={},
    )
    ledger = Ledger(store, s3_environment.models_bucket, "observer")

    def record() -> ExportRecord | None:
        return next(iter(ledger.list("cardio")), None)

    with served(tmp_path) as first:
        turn = threading.Event()
        for _ in range(PATIENCE):
            if record():
                break
            turn.wait(0.05)
        first.kill()
        first.wait()
    with served(tmp_path) as second:
        for _ in range(PATIENCE):
            found = record()
            if found and found.state == "done":
                break
            turn.wait(0.05)
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
    versions = list_versions(store, s3_environment.models_bucket, "cardio")
    assert len(versions) == 1, (tmp_path / "log").read_text()
    manifest = read_manifest(store, s3_environment.models_bucket, "cardio", versions[0])
    assert fetch_model(store, s3_environment.models_bucket, manifest, tmp_path / "model").is_dir()
