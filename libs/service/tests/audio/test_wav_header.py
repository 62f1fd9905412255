"""What a WAV header promises, and a file read as if it said the truth."""

import io
import struct

import numpy as np
import pytest
from carabin.service.audio.wav_header import CorrectedWav, read_wav_length
from carabin.service.errors import AudioFileRefused

from .sounds import tone, wav

WHOLE = wav(tone(1.0))


def test_chunks_behind_the_sound_are_no_sound():
    length = read_wav_length(io.BytesIO(WHOLE + b"LIST" + (4).to_bytes(4, "little") + b"INFO"))
    assert length is not None
    assert length.held_bytes == length.promised_bytes == 32_000
    assert not length.says_too_little


def test_the_long_size_of_rf64_counts():
    """EBU Tech 3306: the 32-bit sizes are all ones, and the chunk ds64 has the true ones."""
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, 64_000, 0, 0)
    data = b"RF64" + b"\xff" * 4 + b"WAVE" + ds64 + WHOLE[12:40] + b"\xff" * 4 + WHOLE[44:]
    length = read_wav_length(io.BytesIO(data))
    assert length is not None
    assert (length.promised_bytes, length.held_bytes) == (64_000, 32_000)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00AVI ", WHOLE[:30], b"OggS" * 20])
def test_what_is_no_wav_with_sound_has_no_length(data):
    assert read_wav_length(io.BytesIO(data)) is None


@pytest.mark.parametrize(
    "size",
    [0, 0x80000000, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0x7FFFF000, 0x7FFF0000, 0xFFFFFFFF, 0xFFFFFFFF - 36],
    ids=["none", "arecord", "31 bits", "31 bits less a header", "SoX", "GStreamer", "32 bits", "32 less a header"],
)
def test_a_length_that_stands_in_for_one_that_is_not_known_yet_promises_nothing(size):
    length = read_wav_length(io.BytesIO(WHOLE[:40] + size.to_bytes(4, "little") + WHOLE[44:]))
    assert length is not None
    assert (length.promised_bytes, length.held_bytes) == (None, 32_000)


def test_a_length_of_an_hour_is_a_promise():
    length = read_wav_length(io.BytesIO(WHOLE[:40] + (115_200_000).to_bytes(4, "little") + WHOLE[44:]))
    assert length is not None
    assert (length.promised_bytes, length.held_bytes) == (115_200_000, 32_000)


class CountedReads(io.BytesIO):
    """A file that counts how often it is read."""

    n_reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.n_reads += 1
        return super().read(size)


EMPTY_CHUNK = b"LIST" + bytes(4)


def test_zeros_in_place_of_sound_are_refused_before_all_are_read():
    file = CountedReads(WHOLE[:12] + bytes(1 << 20))
    with pytest.raises(AudioFileRefused, match="no sound in its first 256 chunks"):
        read_wav_length(file)
    assert file.n_reads < 1000


def test_notes_behind_the_sound_are_not_all_read():
    file = CountedReads(WHOLE + EMPTY_CHUNK * (1 << 17))
    length = read_wav_length(file)
    assert file.n_reads < 1000
    assert length is not None
    assert not length.says_too_little


def test_sound_stands_behind_as_many_chunks_as_editors_write():
    length = read_wav_length(io.BytesIO(WHOLE[:36] + EMPTY_CHUNK * 100 + WHOLE[36:]))
    assert length is not None
    assert (length.promised_bytes, length.data_start) == (32_000, 844)


@pytest.mark.parametrize("step", [1, 3, 7, 1000])
def test_a_corrected_header_is_read_the_same_in_pieces_of_any_size(step):
    wrong = bytearray(WHOLE)
    wrong[40:44] = bytes(4)
    wrong[4:8] = bytes(4)
    length = read_wav_length(io.BytesIO(wrong))
    assert length is not None
    file = CorrectedWav(io.BytesIO(wrong), length)
    file.seek(0)
    assert b"".join(iter(lambda: file.read(step), b"")) == WHOLE


def test_a_file_beyond_four_gigabytes_is_corrected_to_the_most_that_a_header_can_say():
    wrong = bytearray(WHOLE)
    wrong[40:44] = b"\xff" * 4
    length = read_wav_length(io.BytesIO(wrong))
    assert length is not None
    object.__setattr__(length, "held_bytes", 1 << 33)
    file = CorrectedWav(io.BytesIO(wrong), length)
    file.seek(40)
    assert file.read(4) == b"\xff" * 4
    assert np.frombuffer(file.read(4), "<i2").tolist() == np.frombuffer(WHOLE[44:48], "<i2").tolist()
