"""A shortage is one error that names what was worked on; any other error passes as it is."""

import errno
import os
import threading

import av
import numpy as np
import pytest
from carabin.registry.errors import CarabinError
from carabin.service.errors import AudioFileRefused, ResourcesExhausted
from carabin.service.shortage import is_shortage, translate_shortage


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE], ids=errno.errorcode.get)
def test_what_the_system_says_of_a_shortage_is_understood(number: int) -> None:
    assert is_shortage(OSError(number, os.strerror(number)))


def test_what_libraries_raise_for_a_shortage_is_understood() -> None:
    with pytest.raises(MemoryError) as of_numpy:
        np.empty(1 << 60, np.uint8)
    with pytest.raises(av.FFmpegError) as of_ffmpeg:
        av.error.err_check(-errno.ENOMEM)
    errors = [of_numpy.value, of_ffmpeg.value, RuntimeError("can't start new thread"), MemoryError()]
    assert [is_shortage(error) for error in errors] == [True] * len(errors)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOENT, os.strerror(errno.ENOENT)),
        OSError(errno.ENOSPC, "out of memory on the disk"),
        ValueError("no such column"),
        AudioFileRefused("out of memory"),
    ],
    ids=["no file", "number counts", "value", "ours"],
)
def test_another_error_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as found, translate_shortage("a.wav"):
        raise error
    assert found.value is error


def test_a_shortage_names_what_was_worked_on_and_what_was_said_last() -> None:
    with pytest.raises(CarabinError) as found, translate_shortage("a.wav"):
        raise RuntimeError("while reading\nResource temporarily unavailable")
    assert isinstance(found.value, ResourcesExhausted)
    assert found.value.reason == "Resource temporarily unavailable"
    assert str(found.value).startswith("a.wav cannot be used now: this machine, or a limit of this process, gives no ")
    assert isinstance(found.value.__cause__, RuntimeError)


def test_a_shortage_keeps_its_first_subject_and_one_without_a_word_is_named_by_its_kind() -> None:
    named = pytest.raises(ResourcesExhausted, match=r"^a\.wav .*\(MemoryError\)")
    with named, translate_shortage("the folder"), translate_shortage("a.wav"):
        raise MemoryError


def raise_refused(cause: Exception) -> None:
    try:
        raise cause
    except Exception as error:
        raise AudioFileRefused("a.wav cannot be read") from error


def test_an_error_of_ours_that_was_made_of_a_shortage_is_one() -> None:
    with (
        pytest.raises(ResourcesExhausted, match=r"^the folder .*\(\[Errno 24\] Too many"),
        translate_shortage("the folder"),
    ):
        raise_refused(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    with pytest.raises(AudioFileRefused, match=r"^a\.wav cannot be read$"), translate_shortage("the folder"):
        raise_refused(OSError(errno.EIO, os.strerror(errno.EIO)))


def test_python_says_so_itself_where_no_thread_can_be_started() -> None:
    before = threading.stack_size(1 << 46)
    try:
        with pytest.raises(ResourcesExhausted, match="a thread"), translate_shortage("a thread"):
            threading.Thread(target=list).start()
    finally:
        threading.stack_size(before)
