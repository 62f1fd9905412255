"""A checkpoint is given up for what is its own, or comes again at each attempt; never for what surrounds it."""

from pathlib import Path
from typing import NoReturn

import pytest
from carabin.exporter.errors import ExportFailedBefore
from carabin.exporter.jobs.ledger import MAX_ATTEMPTS, Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.request import ExportRequest
from carabin.exporter.sources import FolderCheckpoint
from carabin.registry.errors import AccessDenied, ClockSkewed, DiskFailed, ObjectMissing, StoreError, StoreUnreachable
from carabin.registry.testing.memory import MemoryStore


class Unfetchable(FolderCheckpoint):
    def __init__(self, folder: Path, error: BaseException) -> None:
        super().__init__(folder)
        self.error, self.fetched = error, 0

    def fetch(self, target: Path) -> NoReturn:
        del target
        self.fetched += 1
        raise self.error


def attempt(exporter: Exporter, store: MemoryStore, source: Unfetchable, *, retry: bool = False) -> str:
    """Try once; return the state that it leaves."""
    with pytest.raises(BaseException):  # noqa: B017, PT011 - of any kind
        exporter.export(ExportRequest(source, "cardio", retry=retry))
    return Ledger(store, "models", "observer").list("cardio")[0].state


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), KeyError("key"), AssertionError(), ObjectMissing("gone")], ids=repr
)
def test_an_error_that_comes_at_each_attempt_gives_the_checkpoint_up(
    error: Exception, exporter: Exporter, store: MemoryStore, tmp_path: Path
) -> None:
    source = Unfetchable(tmp_path, error)
    states = [attempt(exporter, store, source) for _ in range(MAX_ATTEMPTS + 2)]
    assert states == ["interrupted", "interrupted", "failed", "failed", "failed"]
    assert source.fetched == MAX_ATTEMPTS, "it is not fetched again"
    with pytest.raises(ExportFailedBefore, match="3 attempts failed, the last one with: "):
        exporter.export(ExportRequest(source, "cardio"))
    assert attempt(exporter, store, source, retry=True) == "interrupted"


@pytest.mark.parametrize(
    "error",
    [
        StoreUnreachable("away"), ClockSkewed("late"), AccessDenied("revoked"), DiskFailed("full"), OSError(28, "full"),
        StoreError("models/x: RequestTimeout"),
        MemoryError(), KeyboardInterrupt(),
    ],
    ids=repr,
)  # fmt: skip
def test_what_surrounds_the_exporter_gives_no_checkpoint_up(
    error: BaseException, exporter: Exporter, store: MemoryStore, tmp_path: Path
) -> None:
    source = Unfetchable(tmp_path, error)
    assert {attempt(exporter, store, source) for _ in range(2 * MAX_ATTEMPTS)} == {"interrupted"}
