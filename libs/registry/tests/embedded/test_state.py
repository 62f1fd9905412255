"""The note of the embedded store is its owner's alone, and counts only while its process lives."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.embedded.state import StoreState, alive_lock, is_running, read_state, write_state
from carabin.registry.errors import DiskFailed
from carabin.registry.settings import state_path

STATE = StoreState(
    endpoint="127.0.0.1:20001", access_key="carabin", secret_key="s", pid=1, started_at=datetime(2026, 1, 1, tzinfo=UTC)
)


def test_a_note_is_read_back_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    write_state(tmp_path, STATE)
    assert read_state(tmp_path) == STATE
    assert stat.S_IMODE(state_path(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [state_path(tmp_path).name]


@pytest.mark.parametrize("text", ["", "{", '{"endpoint": "x"}'])
def test_a_note_that_cannot_be_read_counts_as_none(tmp_path: Path, text: str) -> None:
    state_path(tmp_path).write_text(text)
    assert read_state(tmp_path) is None


def test_it_runs_for_as_long_as_the_lock_is_held(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    with alive_lock(tmp_path):
        assert is_running(tmp_path)
    assert not is_running(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFailed, match=r"cannot write .*state\.json"):
        write_state(tmp_path / "none", STATE)
