"""Files can be opened again behind the block."""

import errno
from pathlib import Path

import pytest
from carabin.service.testing.open_files import no_further_file


def test_no_file_is_opened_in_the_block_and_some_are_behind_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("a")
    with no_further_file(), pytest.raises(OSError, match="Too many open files") as refused:
        file.read_text()
    assert refused.value.errno == errno.EMFILE
    assert file.read_text() == "a"
