"""A real exporter that dies at any of its steps, or whose clock jumps there: the export is done, once, nothing is left.

By default each fault meets some of the steps of one export; `CARABIN_TEST_FAULTS=all` gives each of them every fault.
"""

import itertools
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.records import ExportRecord
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.publish import fetch_model, read_manifest
from carabin.registry.layout import versions_prefix
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

from .conftest import FREE_PORTS, as_role, at_share, empty, first_of_each_kind, shares
from .forked import Ended, ForkServer, fork_server
from .tiny import exportable_checkpoint

MODEL = "stepwise"
IMPORTED = ("carabin.exporter.app", "carabin.exporter.settings", "ctranslate2", "faster_whisper", "transformers")
MOST_KINDS = 130
"""More than an export has."""
PATIENCE_S = 180.0
CLOCKS = ("clock ahead", "clock behind", "clock far ahead for a while", "clock far behind for a while")
numbers = itertools.count(1)


@dataclass(frozen=True)
class Exports:
    """Starts exporters in one folder, one after the other, and reads from the store what they did."""

    server: ForkServer
    settings: StoreSettings
    checkpoint: Path
    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def store(self) -> MinioStore:
        return MinioStore(self.settings)

    def publish(self) -> str:
        """Publish the checkpoint as a run of its own; return its name."""
        run = f"step-{next(numbers)}"
        own = shutil.copytree(self.checkpoint, self.folder / run, copy_function=os.link)
        (own / "README.md").write_text(run)
        publish_checkpoint(
            self.store, self.settings.checkpoints_bucket, run, 1, own, datetime.now(UTC),
            source={}, metrics={}, final=True,
        )  # fmt: skip
        return run

    def start(self, at: int | None = None, fault: str = "", log: Path | None = None) -> None:
        environment = (
            FREE_PORTS
            | as_role(self.settings, "exporter")
            | {
                "CARABIN_EXPORTER_MODEL_NAME": MODEL,
                "CARABIN_EXPORTER_POLL_S": "0.2",
                "CARABIN_EXPORTER_LEASE_S": "3",
                "CARABIN_EXPORTER_WORK": str(self.work),
            }
        )
        self.server.start(
            "carabin.exporter", "serve", folder=self.folder, environment=environment, at=at, fault=fault, log=log
        )

    def until_done(self, run: str) -> ExportRecord | None:
        """Wait until the run is exported; None where the exporter ends before."""
        ledger = Ledger(self.store, self.settings.models_bucket, "observer")
        deadline, turn = time.monotonic() + PATIENCE_S, threading.Event()
        while self.server.alive:
            found = next((one for one in ledger.list(MODEL) if one.checkpoint == f"{run}@1"), None)
            if found is not None and found.state in ("done", "failed"):
                assert found.state == "done", found
                return found
            if time.monotonic() > deadline:
                pytest.fail(f"not in time: {found}; {self.stop().output[-4000:]}")
            turn.wait(0.1)
        return None

    def stop(self) -> Ended:
        self.server.kill_now()
        return self.server.wait()

    def require_exported(self, run: str, folder: Path) -> None:
        """A sound exporter must bring the run to its one version, whole, with nothing half beside it or on the disk."""
        self.start()
        record = self.until_done(run)
        ended = self.stop()
        assert record is not None, ended.output
        [version] = record.versions.values()
        manifest = read_manifest(self.store, self.settings.models_bucket, MODEL, version)
        fetch_model(self.store, self.settings.models_bucket, manifest, folder / version)
        for folder_name in self.store.folders(self.settings.models_bucket, versions_prefix(MODEL)):
            read_manifest(self.store, self.settings.models_bucket, MODEL, folder_name)
        assert list(self.work.iterdir()) == []


@pytest.fixture(scope="module")
def exports(store: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    folder = tmp_path_factory.mktemp("exports")
    (folder / "work").mkdir()
    empty(store, store.checkpoints_bucket)
    with fork_server(folder, IMPORTED) as server:
        checkpoint = folder / "checkpoint"
        checkpoint.mkdir()
        yield Exports(server, store, exportable_checkpoint(checkpoint), folder)
    empty(store, store.checkpoints_bucket)


@pytest.fixture(autouse=True)
def nothing_runs_on(exports: Exports) -> Iterator[None]:
    """Stop what a test that failed has left: the next one could start no other."""
    yield
    if exports.server.pid:
        exports.stop()


@pytest.fixture(scope="module")
def kinds(exports: Exports) -> list[int]:
    """The number of the first step of each kind that one export has."""
    run, log = exports.publish(), exports.folder / "steps"
    exports.start(log=log)
    record = exports.until_done(run)
    assert record is not None, exports.stop().output
    exports.stop()
    return first_of_each_kind(log.read_text().splitlines())


@pytest.mark.parametrize(("fault", "share"), shares(["killed"], MOST_KINDS, each=5))
def test_an_exporter_killed_at_any_step_is_followed_by_one_that_does_its_export(
    fault: str, share: float, exports: Exports, kinds: list[int], tmp_path: Path
) -> None:
    step = at_share(share, MOST_KINDS, kinds)
    run = exports.publish()
    exports.start(step, fault)
    exports.until_done(run)
    exports.stop()
    exports.require_exported(run, tmp_path)


@pytest.mark.parametrize(("fault", "share"), shares(CLOCKS, MOST_KINDS, each=1))
def test_a_clock_that_jumps_at_any_step_costs_no_export(
    fault: str, share: float, exports: Exports, kinds: list[int], tmp_path: Path
) -> None:
    step = at_share(share, MOST_KINDS, kinds)
    run = exports.publish()
    exports.start(step, fault)
    record = exports.until_done(run)
    ended = exports.stop()
    assert record is not None, ended.output
    assert '"thread_failure"' not in ended.output, ended.output
    exports.require_exported(run, tmp_path)


def test_an_export_has_no_more_kinds_of_steps_than_are_broken(kinds: list[int]) -> None:
    assert len(kinds) <= MOST_KINDS
