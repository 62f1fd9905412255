"""A split is a Parquet file that training reads a piece at a time."""

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from carabin.service.errors import ResourcesExhausted
from carabin.trainer.data.dictations import Split, load_split
from carabin.trainer.datasets.parquet import ROWS_A_GROUP, DatasetRow, write_dataset
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.quality.dataset import check_dataset

COUNT = 2 * ROWS_A_GROUP + 5

MALLOC_FAILED = 17
"""SFE_MALLOC_FAILED of libsndfile's common.h."""


def row(number: int) -> DatasetRow:
    samples = np.full(400 + number, 0.001 * (number % 200), np.float32)
    return DatasetRow.of(samples, f"phrase {number}", f"voix {number % 3}" if number % 2 else None, f"{number}.wav")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dictations") / "dataset"
    write_dataset(target, {"train": map(row, range(COUNT)), "validation": [row(0)], "test": [row(1)]})
    return target


def test_dictations_come_back_in_any_order(folder: Path) -> None:
    split = load_split(folder, "train")
    assert len(split) == COUNT
    for number in (COUNT - 1, 0, ROWS_A_GROUP, 3, -1):
        expected, dictation = row(number % COUNT), split[number]
        assert (dictation.sentence, dictation.speaker) == (expected.sentence, expected.speaker)
        assert (dictation.sha256, dictation.duration_s) == (expected.sha256, expected.duration_s)
        assert dictation.audio.shape == (400 + number % COUNT,)
        np.testing.assert_allclose(dictation.audio, 0.001 * (number % COUNT % 200), atol=1e-4)
    assert [dictation.source for dictation in split[62:66]] == ["62.wav", "63.wav", "64.wav", "65.wav"]
    with pytest.raises(IndexError):
        split[COUNT]


def test_a_walk_over_a_split_keeps_only_a_few_groups_of_sound_in_memory(folder: Path) -> None:
    split = load_split(folder, "train")
    assert sum(len(dictation.audio) for dictation in split) == sum(400 + number for number in range(COUNT))
    assert len(split._groups) <= 4


def test_what_is_not_a_dataset_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DatasetInvalid, match="has no train split"):
        load_split(tmp_path, "train")
    with pytest.raises(DatasetInvalid, match="there is no split 'dev': choose one of train, validation, test"):
        load_split(folder, "dev")


def test_an_undecodable_sound_is_named(tmp_path: Path) -> None:
    bad = DatasetRow(b"not a sound", "phrase", None, 1.0, "0" * 64, "dictee-7.wav")
    write_dataset(tmp_path / "dataset", {"train": [bad], "validation": [row(1)], "test": [row(2)]})
    with pytest.raises(DatasetInvalid, match=r"dictation 0 \(dictee-7\.wav\) cannot be decoded"):
        load_split(tmp_path / "dataset", "train")[0]


SHORT = """
import os, resource, sys
from pathlib import Path
from carabin.registry.errors import CarabinError
from carabin.service.memory import status_bytes
from carabin.trainer.data.dictations import load_split
from carabin.trainer.data.index import read_index

folder, reader = Path(sys.argv[1]), sys.argv[2]
used = status_bytes("VmSize", Path("/proc/self/status"))
resource.setrlimit(resource.RLIMIT_AS, (used + 128 * 2**20,) * 2)
try:
    load_split(folder, "train") if reader == "split" else read_index(folder / "index.parquet")
except CarabinError as error:
    print(type(error).__name__, error, flush=True)
os._exit(0)
"""
"""Enough is left for all but the stack of a thread, which pyarrow starts to read a file. Where it cannot, pyarrow 26
may wait for that thread for ever at an orderly end, and in a second read: so there is none of either."""
STACK_KB = 1 << 18
"""Of each thread: twice what is left."""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is the kernel's")
@pytest.mark.parametrize(("reader", "file"), [("split", "data/train.parquet"), ("index", "index.parquet")])
def test_a_process_that_may_start_no_further_thread_does_not_call_its_dataset_damaged(
    folder: Path, reader: str, file: str
) -> None:
    command = ["sh", "-c", f'ulimit -s {STACK_KB} && exec "$@"', "sh", sys.executable, "-c", SHORT, str(folder), reader]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"ResourcesExhausted {folder}/{file} cannot be used now: ")


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("read", [lambda split: split[0], lambda split: split.sound(0)], ids=["decoded", "stored"])
def test_a_dictation_that_memory_is_short_for_is_not_called_damaged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Split], object]
) -> None:
    split = load_split(folder, "train")
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", raising(OSError(errno.ENOMEM, "Cannot allocate memory")))
    with pytest.raises(ResourcesExhausted, match=r"train\.parquet: dictation 0 \(0\.wav\) cannot be used now"):
        read(split)
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", raising(pa.ArrowInvalid("no page")))
    with pytest.raises(DatasetInvalid, match=r"train\.parquet: dictation 0 \(0\.wav\) cannot be \w+: no page"):
        read(split)


def test_a_sound_that_memory_is_short_for_is_not_called_undecodable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = load_split(folder, "train")
    monkeypatch.setattr(soundfile, "read", raising(soundfile.LibsndfileError(MALLOC_FAILED)))
    with pytest.raises(ResourcesExhausted, match=r"dictation 0 .*malloc"):
        split[0]
    with pytest.raises(ResourcesExhausted, match=r"train\[0\] \(0\.wav\) cannot be used now: .*malloc"):
        check_dataset(folder)
