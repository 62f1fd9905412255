"""A length is believed only where a header says it: recorders of streams write none, and FFmpeg then guesses."""

import io

import pytest
from carabin.service.audio.promised_length import promises_length

from .sounds import encoded, tone

TAGGED = encoded(tone(1.0), "mp3", "libmp3lame")


def test_an_mp3_with_the_encoders_frame_promises_its_length():
    assert TAGGED[:3] == b"ID3"
    assert promises_length("mp3", io.BytesIO(TAGGED))


@pytest.mark.parametrize("options", [{"write_xing": "0"}, {"write_xing": "0", "id3v2_version": "0"}])
def test_an_mp3_without_it_promises_nothing(options):
    assert not promises_length("mp3", io.BytesIO(encoded(tone(1.0), "mp3", "libmp3lame", options)))


@pytest.mark.parametrize("content", [b"", b"ID3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"Xing"])
def test_a_file_that_ends_too_early_promises_nothing(content):
    assert not promises_length("mp3", io.BytesIO(content))


@pytest.mark.parametrize(
    ("demuxer", "promises"),
    [
        ("aac", False), ("amr", False), ("flac", True), ("ogg", True), ("mpegts", False), ("g722", False),
        ("ac3", False), ("tta", True), ("flv", True),
    ],
)  # fmt: skip
def test_other_containers_promise_what_their_header_says(demuxer, promises):
    assert promises_length(demuxer, io.BytesIO(b"")) is promises
