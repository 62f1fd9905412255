"""Tests of features on disk: written once, read a piece at a time, and never half there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.errors import DiskFailed
from carabin.trainer.features.mel import ArrayFile, MelMaker, pad, write_arrays

SHAPES = [(2, 3), (2, 1), (2, 4)]
ARRAYS = [np.arange(rows * n, dtype=np.float32).reshape(rows, n) + 10 * rows * n for rows, n in SHAPES]


def never() -> Iterator[np.ndarray]:
    raise AssertionError("what is there already is not computed again")
    yield


def test_a_mel_has_a_frame_every_10_ms_and_follows_the_sound() -> None:
    time_s = np.arange(8_000) / 16_000
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * time_s)
    mel = MelMaker(80)(np.concatenate([tone, np.zeros(8_000)]).astype(np.float32))
    assert mel.shape == (80, 101)
    assert mel.dtype == np.float32
    # Slaney's scale: 1 kHz is 15 mel of the 45.245 at 8 kHz. Band k is centred on (k + 1) / 81 of them: 25.9 is 26.
    assert set(mel[:, 5:45].argmax(axis=0)) == {26}
    assert mel[:, 55:].max() < mel[26, 5:45].min()


def test_frames_are_padded_by_zeros_or_cut_to_the_window() -> None:
    mel = np.ones((2, 3), np.float32)
    assert pad(mel, 5).tolist() == [[1, 1, 1, 0, 0]] * 2
    assert pad(mel, 3).tolist() == [[1, 1, 1]] * 2
    assert pad(mel, 2).tolist() == [[1, 1]] * 2


def test_arrays_of_other_lengths_come_back_in_any_order(tmp_path: Path) -> None:
    written = write_arrays(tmp_path / "new" / "mel.bin", ARRAYS, "float32")
    for file in (written, ArrayFile(tmp_path / "new" / "mel.bin")):
        assert len(file) == 3
        assert file.shapes == SHAPES
        assert file.n_bytes == 4 * (6 + 2 + 8)
        for place in (2, 0, 1):
            np.testing.assert_array_equal(file[place], ARRAYS[place])
        assert [array.shape for array in file] == SHAPES


def test_arrays_are_stored_in_the_type_that_is_asked_for(tmp_path: Path) -> None:
    halves = [np.asarray(array.T, np.float64) / 3 for array in ARRAYS]  # neither contiguous nor of 16 bits
    file = write_arrays(tmp_path / "states.bin", (array.T for array in [half.T for half in halves]), "float16")
    assert (tmp_path / "states.bin").stat().st_size == file.n_bytes == 2 * 16
    assert file[1].dtype == np.float16
    np.testing.assert_array_equal(file[1], halves[1].astype(np.float16))


def test_what_an_earlier_run_wrote_whole_is_not_computed_again(tmp_path: Path) -> None:
    write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")
    again = write_arrays(tmp_path / "mel.bin", never(), "float32")
    np.testing.assert_array_equal(again[1], ARRAYS[1])


def test_what_ends_the_arrays_leaves_no_file_and_the_next_run_begins_anew(tmp_path: Path) -> None:
    def stopped() -> Iterator[np.ndarray]:
        yield ARRAYS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_arrays(tmp_path / "mel.bin", stopped(), "float32")
    assert list(tmp_path.iterdir()) == []
    assert len(write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")) == 3


def test_a_file_without_its_index_was_cut_off_and_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "mel.bin").write_bytes(b"cut off in the midst of a process that was killed")
    np.testing.assert_array_equal(write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")[2], ARRAYS[2])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskFailed, match=r"cannot write .*file/mel\.bin: "):
        write_arrays(tmp_path / "file" / "mel.bin", ARRAYS, "float32")
    assert (tmp_path / "file").read_text() == ""
