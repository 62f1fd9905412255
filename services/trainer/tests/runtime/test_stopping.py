"""Tests of how a stop reaches the processes of a run, and of what they end with."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.trainer.runtime.stopping import FOLDER_VARIABLE, StopFolder, StopRequests, stopped_code

KUBERNETES = "KUBERNETES_SERVICE_HOST"


@pytest.fixture(autouse=True)
def own_signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the process its signals back, and begin outside of launchers and of Kubernetes."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv(KUBERNETES, raising=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("wanted", "kubernetes", "code"),
    [(None, False, 0), (None, True, 75), (3, False, 3), (3, True, 3), (0, True, 0)],
)
def test_a_stop_ends_with_what_is_set_or_suits_the_place(
    monkeypatch: pytest.MonkeyPatch, wanted: int | None, kubernetes: bool, code: int
) -> None:
    if kubernetes:
        monkeypatch.setenv(KUBERNETES, "10.0.0.1")
    assert stopped_code(wanted) == code


def test_a_folder_says_what_was_written_there_and_nothing_before(tmp_path: Path) -> None:
    launcher, worker = StopFolder(tmp_path), StopFolder(tmp_path)
    assert (launcher.ready, worker.requested, launcher.code) == (False, False, None)
    worker.mark_ready()
    assert (launcher.ready, worker.requested, launcher.code) == (True, False, None)
    launcher.request_stop()
    assert (worker.requested, launcher.code) == (True, None)
    worker.record_stop(75)
    assert launcher.code == 75
    worker.record_stop(0)
    assert launcher.code == 0, "0 is a code, not the lack of one"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_alone_stops_at_its_own_signal_and_ends_so_itself(number: int) -> None:
    stopping = StopRequests()
    assert not stopping.requested()
    os.kill(os.getpid(), number)
    assert stopping.requested()
    assert stopping.exit_code(None) == 0
    assert stopping.exit_code(9) == 9


def test_a_worker_under_a_launcher_leaves_the_code_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    launcher, stopping = StopFolder(tmp_path), StopRequests()
    assert launcher.ready
    assert not stopping.requested()
    launcher.request_stop()
    assert stopping.requested()
    assert stopping.exit_code(9) == 0
    assert launcher.code == 9
