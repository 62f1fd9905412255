"""A file is written whole, or is not there and the sentence names it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from carabin.registry.disk import local_file, remove_abandoned, scratch_folder
from carabin.registry.errors import DiskFailed


def write_half(path: Path, error: BaseException) -> None:
    with local_file(path):
        path.write_bytes(b"half")
        raise error


def test_a_full_disk_is_named_and_nothing_half_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    with pytest.raises(DiskFailed, match=r"cannot write .*model\.bin: No space left"):
        write_half(path, OSError(28, "No space left on device"))
    assert not path.exists()


def test_an_interrupt_leaves_nothing_half_written_and_passes(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    with pytest.raises(KeyboardInterrupt):
        write_half(path, KeyboardInterrupt())
    assert not path.exists()


def test_what_was_written_whole_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    with local_file(path):
        path.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"


def test_what_can_be_neither_written_nor_removed_is_named_with_the_reason_it_was_not_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "model.bin"
    with pytest.raises(DiskFailed, match=r"cannot write .*file/model\.bin: Not a directory"), local_file(path):
        path.write_bytes(b"whole")


HOLDER = """
import sys, pathlib
from carabin.registry.disk import scratch_folder
with scratch_folder(pathlib.Path(sys.argv[1]), "work-") as folder:
    (folder / "model.bin").write_bytes(b"weights")
    print(folder, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(parent: Path) -> Iterator[Path]:
    """Another process that works in a folder of its own, and is killed at the end of the block."""
    command = [sys.executable, "-c", HOLDER, str(parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Path(process.stdout.readline().strip())
        process.kill()


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    with holder(tmp_path) as living:
        with holder(tmp_path) as killed:
            pass
        assert killed.is_dir()
        with scratch_folder(tmp_path, "work-") as own, scratch_folder(tmp_path, "work-") as second:
            assert not killed.exists()
            assert {*tmp_path.iterdir()} == {living, own, second}
        assert {*tmp_path.iterdir()} == {living}


def test_an_empty_folder_of_a_process_that_was_killed_before_or_after_its_work_is_removed(tmp_path: Path) -> None:
    (tmp_path / "work-left").mkdir()
    remove_abandoned(tmp_path, "work-")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("module", "function"), [(tempfile, "mkdtemp"), (os, "open")])
def test_a_folder_that_another_process_removes_before_it_is_locked_is_made_again(
    module: Any, function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    original: Callable[..., Any] = getattr(module, function)

    def then_another_looks(*arguments: Any, **options: Any) -> Any:
        result = original(*arguments, **options)
        calls.append(function)
        if len(calls) == 1:
            remove_abandoned(tmp_path, "work-")
            assert list(tmp_path.iterdir()) == []
        return result

    monkeypatch.setattr(module, function, then_another_looks)
    with scratch_folder(tmp_path, "work-") as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_folders_of_another_name_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    (tmp_path / "work-notes.txt").write_text("a file")
    with scratch_folder(tmp_path, "work-"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "work-notes.txt"]
