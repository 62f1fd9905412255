"""Recordings are decoded on several cores as on one, in their order, and a lost process is said."""

import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.datasets import decoding
from carabin.trainer.datasets.decoding import decode_files, file_key, sound_path
from carabin.trainer.errors import DatasetInvalid

from ..helpers.sounds import bursts, write


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("recordings")
    found = [write(folder / f"{number}.wav", bursts([0.5, 0.4], seed=number)) for number in range(20)]
    found.append(write(folder / "silent.wav", np.zeros(32_000, np.float32)))
    found.append(folder / "missing.wav")
    return found


def test_several_processes_give_what_one_gives_in_the_same_order(files: list[Path], tmp_path: Path) -> None:
    one = list(decode_files(files, tmp_path / "one", accept_damaged=False, processes=1))
    two = list(decode_files(files, tmp_path / "two", accept_damaged=False, processes=2))
    assert one == two
    assert [found.sha256 is None for found in two] == [False] * 20 + [True, True]
    for found in two[:20]:
        assert found.sha256
        assert (
            sound_path(tmp_path / "one", found.sha256).read_bytes()
            == sound_path(tmp_path / "two", found.sha256).read_bytes()
        )


def test_many_files_are_decoded_on_all_cores(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "WORTH_PROCESSES_FILES", 10)
    monkeypatch.setattr(decoding, "_cores", lambda: 2)
    monkeypatch.setattr(decoding, "WAITING_PER_PROCESS", 2)
    before = set(multiprocessing.active_children())
    found = decode_files(files, tmp_path, accept_damaged=False)
    next(found)
    assert len(set(multiprocessing.active_children()) - before) == 2
    assert len(list(found)) == len(files) - 1
    assert set(multiprocessing.active_children()) == before


def test_a_process_that_the_system_ends_is_said(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "WAITING_PER_PROCESS", 2)
    before = set(multiprocessing.active_children())
    found = decode_files(files * 20, tmp_path, accept_damaged=False, processes=2)
    next(found)
    for child in set(multiprocessing.active_children()) - before:
        os.kill(child.pid or 0, signal.SIGKILL)
    with pytest.raises(DatasetInvalid, match="ended a process that decodes"):
        list(found)


def test_a_file_has_another_key_once_it_was_written_again(files: list[Path]) -> None:
    before = file_key(files[0], accept_damaged=False)
    assert before == file_key(files[0], accept_damaged=False) != file_key(files[0], accept_damaged=True)
    status = files[0].stat()
    os.utime(files[0], ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
    assert file_key(files[0], accept_damaged=False) != before
