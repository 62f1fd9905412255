"""A file is written whole, or is not there and the sentence names it."""

from pathlib import Path

import pytest
from carabin.registry.disk import local_file
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
