"""A real exporter before a store whose every request can fail, on a disk that fills up, and short of memory.

By default every third request gets one fault, in turn; `CARABIN_TEST_FAULTS=all` gives each request every fault.
"""

import itertools
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from carabin.exporter.jobs.ledger import ExportRecord, Ledger
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.publish import fetch_model, list_versions, read_manifest
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.proxy import Fault, Plan, ProxiedRequest, StoreProxy, no_fault

from .conftest import FREE_PORTS, as_role, chosen_faults, empty, start
from .tiny import exportable_checkpoint

MODEL = "tiny"
PATIENCE_S = 120.0
PASSING = (Fault.REFUSE, Fault.LOSE_ANSWER, Fault.UNAVAILABLE, Fault.CUT_BODY)
"""Faults of the network: an export must be done all the same."""
REQUESTS = 24
"""Some more than one export makes."""
ENDED = ("done", "failed")
numbers = itertools.count(1)
turn = threading.Event()


class Exporter:
    """A running exporter behind a proxy, and the registry as an administrator sees it."""

    def __init__(self, process: subprocess.Popen[str], proxy: StoreProxy, store: MinioStore, settings: StoreSettings):
        self.process, self.proxy, self.store, self.settings = process, proxy, store, settings
        self.ledger = Ledger(store, settings.models_bucket, "observer")

    def publish(self, run: str, checkpoint: Path) -> None:
        """Publish the checkpoint as a run, with a file of its own: the same bytes would be the same export."""
        own = shutil.copytree(checkpoint, checkpoint.with_name(run), copy_function=os.link)
        (own / "README.md").write_text(run)
        publish_checkpoint(
            self.store, self.settings.checkpoints_bucket, run, 1, own, datetime.now(UTC),
            source={}, metrics={}, final=True,
        )  # fmt: skip

    def until(self, run: str, holds: Callable[[ExportRecord], bool]) -> ExportRecord:
        """Wait for the run's record to be so."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = next((one for one in self.ledger.list(MODEL) if one.checkpoint.startswith(f"{run}@")), None)
            if found is not None and holds(found):
                return found
            assert self.process.poll() is None, "the exporter ended"
            assert time.monotonic() < deadline, f"not in time: {found}"
            turn.wait(0.1)

    def require_whole(self, record: ExportRecord, folder: Path) -> None:
        """Every version that the record names is there with every byte; none of the record's is there beside them."""
        assert set(record.versions.values()) <= set(list_versions(self.store, self.settings.models_bucket, MODEL))
        for version in record.versions.values():
            manifest = read_manifest(self.store, self.settings.models_bucket, MODEL, version)
            fetch_model(self.store, self.settings.models_bucket, manifest, folder / version)


@contextmanager
def exporting(store: StoreSettings, folder: Path) -> Iterator[Exporter]:
    """Run an exporter that looks for checkpoints five times a second."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    empty(store, store.checkpoints_bucket)
    with StoreProxy(store.endpoint).running() as proxy:
        environment = (
            FREE_PORTS
            | as_role(store, "exporter")
            | {
                "CARABIN_STORE_ENDPOINT": proxy.endpoint,
                "CARABIN_EXPORTER_MODEL_NAME": MODEL,
                "CARABIN_EXPORTER_POLL_S": "0.2",
                "CARABIN_EXPORTER_LEASE_S": "3",
                "CARABIN_EXPORTER_WORK": str(work),
            }
        )
        process = start("carabin.exporter", "serve", folder=folder, environment=environment)
        drains = [threading.Thread(target=pipe.read, daemon=True) for pipe in (process.stdout, process.stderr) if pipe]
        for drain in drains:
            drain.start()
        try:
            yield Exporter(process, proxy, MinioStore(store), store)
        finally:
            process.kill()
            process.wait()
            for drain in drains:
                drain.join()
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exportable_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def exporter(store: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    with exporting(store, tmp_path_factory.mktemp("exporter")) as running:
        yield running


def only(run: str, number: int, fault: Fault) -> Plan:
    """Break the n-th request of this run's export: its files read, its record and its version written."""
    seen = itertools.count()

    def plan(request: ProxiedRequest) -> Fault | None:
        concerns = f"/{run}/" in request.path or "/exports/" in request.path or "/versions/" in request.path
        return fault if concerns and next(seen) == number else None

    return plan


@pytest.mark.parametrize(("number", "fault"), chosen_faults(REQUESTS, PASSING, step=3))
def test_a_fault_of_the_network_at_any_request_costs_no_export(
    number: int, fault: Fault, exporter: Exporter, checkpoint: Path, tmp_path: Path
) -> None:
    run = f"run-{next(numbers)}"
    exporter.proxy.plan = only(run, number, fault)
    exporter.publish(run, checkpoint)
    record = exporter.until(run, lambda found: found.state in ENDED)
    assert record.state == "done", record.reason
    exporter.require_whole(record, tmp_path)


def test_bytes_that_were_changed_on_the_way_never_become_a_version(exporter: Exporter, checkpoint: Path) -> None:
    run = f"run-{next(numbers)}"

    def plan(request: ProxiedRequest) -> Fault | None:
        return Fault.CORRUPT if f"/{run}/" in request.path and request.path.endswith(".safetensors") else None

    exporter.proxy.plan = plan
    exporter.publish(run, checkpoint)
    record = exporter.until(run, lambda found: found.state != "running")
    exporter.proxy.plan = no_fault
    assert record.state in ("failed", "interrupted")
    assert record.versions == {}
    assert record.reason


@pytest.mark.parametrize("room_bytes", [1000, 100_000, 5_000_000])
def test_a_disk_that_fills_up_at_any_file_is_named_and_the_export_is_done_when_there_is_room(
    room_bytes: int, exporter: Exporter, checkpoint: Path, tmp_path: Path
) -> None:
    # A file that may not grow fails its write as a full disk does, with another number.
    process, run = psutil.Process(exporter.process.pid), f"run-{next(numbers)}"
    process.rlimit(psutil.RLIMIT_FSIZE, (room_bytes, resource.RLIM_INFINITY))
    try:
        exporter.publish(run, checkpoint)
        record = exporter.until(run, lambda found: found.state not in ("running", "done"))
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert record.state == "interrupted", "a disk without room is not the checkpoint's fault"
    assert "large" in record.reason or "space" in record.reason, record.reason
    done = exporter.until(run, lambda found: found.state in ENDED)
    assert done.state == "done", done.reason
    exporter.require_whole(done, tmp_path)


def test_an_exporter_short_of_memory_lives_and_exports_when_there_is_some(
    exporter: Exporter, checkpoint: Path, tmp_path: Path
) -> None:
    process, run = psutil.Process(exporter.process.pid), f"run-{next(numbers)}"
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + (2 << 20), resource.RLIM_INFINITY))
    try:
        exporter.publish(run, checkpoint)
        short = exporter.until(run, lambda found: found.state != "running")
    finally:
        process.rlimit(psutil.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert short.state in ("interrupted", "done")
    done = exporter.until(run, lambda found: found.state in ENDED)
    assert done.state == "done", done.reason
    exporter.require_whole(done, tmp_path)
