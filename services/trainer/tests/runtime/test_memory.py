"""Tests of what is recognised as missing memory."""

import errno

import numpy as np
import pytest
import torch
from carabin.service.errors import ResourcesExhausted
from carabin.trainer.errors import MemoryExhausted
from carabin.trainer.runtime.memory import translate_memory_errors

TOO_MUCH = 1 << 60


def test_what_the_libraries_say_of_missing_memory_is_one_error_that_says_what_to_do() -> None:
    for allocate in (lambda: torch.empty(TOO_MUCH, dtype=torch.uint8), lambda: np.empty(TOO_MUCH, np.uint8)):
        with pytest.raises(MemoryExhausted, match=r"memory.*--run cardio"), translate_memory_errors("cardio"):
            allocate()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        RuntimeError("could not create a primitive"),
        RuntimeError("Resource temporarily unavailable"),
        torch.OutOfMemoryError("CUDA out of memory."),
    ],
    ids=["no word", "kernel", "thread", "oneDNN", "native thread", "device"],
)
def test_each_of_its_forms_is_recognised(error: Exception) -> None:
    with pytest.raises(MemoryExhausted, match="memory"), translate_memory_errors("cardio"):
        raise error


def test_a_shortage_that_was_translated_where_a_file_is_read_is_the_same_error() -> None:
    said = r"\(Failed to launch worker thread\).*--run cardio"
    with pytest.raises(MemoryExhausted, match=said), translate_memory_errors("cardio"):
        raise ResourcesExhausted("train.parquet", RuntimeError("Failed to launch worker thread"))


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), OSError(errno.ENOENT, "No such file"), KeyError("a")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as found, translate_memory_errors("cardio"):
        raise error
    assert found.value is error
