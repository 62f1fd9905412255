"""Tests of features on disk: written once, read a piece at a time, and never half there."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.errors import DiskFailed
from carabin.trainer.features import mel as mels
from carabin.trainer.features.mel import ArrayFile, MelMaker, find_arrays, pad

SHAPES = [(2, 3), (2, 1), (2, 4)]
ARRAYS = [np.arange(rows * n, dtype=np.float32).reshape(rows, n) + 10 * rows * n for rows, n in SHAPES]


def write_arrays(file: Path, arrays: Iterable[np.ndarray], dtype: str, made_of: str = "these") -> ArrayFile:
    return mels.write_arrays(file, arrays, dtype, lambda: made_of)


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


def test_what_an_earlier_run_wrote_whole_is_found_with_what_it_was_made_of(tmp_path: Path) -> None:
    write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")
    again = find_arrays(tmp_path / "mel.bin")
    assert again is not None
    assert again.made_of == "these"
    np.testing.assert_array_equal(again[1], ARRAYS[1])


@pytest.mark.parametrize("name", ["mel.bin", "mel.json"])
@pytest.mark.parametrize("left", [None, 0, 5])
def test_what_a_power_cut_left_half_of_is_not_found(tmp_path: Path, name: str, left: int | None) -> None:
    write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")
    if left is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:left])
    assert find_arrays(tmp_path / "mel.bin") is None


def test_arrays_of_a_release_that_did_not_say_what_they_were_made_of_are_not_found(tmp_path: Path) -> None:
    write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")
    (tmp_path / "mel.json").write_text(json.dumps({"dtype": "float32", "shapes": SHAPES}))
    assert find_arrays(tmp_path / "mel.bin") is None


def test_what_is_written_anew_and_not_to_its_end_is_not_taken_for_what_was_there(tmp_path: Path) -> None:
    write_arrays(tmp_path / "mel.bin", ARRAYS, "float32")
    found = []

    def looked_at() -> Iterator[np.ndarray]:
        found.append(find_arrays(tmp_path / "mel.bin"))
        yield ARRAYS[0]

    assert write_arrays(tmp_path / "mel.bin", looked_at(), "float32", "others").made_of == "others"
    assert found == [None], "a process that is killed here leaves this"


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
