"""What is no recording is refused with what it is."""

import base64
import io

import pytest
from carabin.service.audio import decode, what_it_is
from carabin.service.errors import AudioFileRefused


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"\x03ds2" + bytes(2000), "is DS2 (DSS Pro)"),
        (b"\x03enc" + bytes(2000), "is an encrypted DS2"),
        (b"MS_VOICE" + bytes(2000), "is a Sony recorder's (DVF, MSV)"),
        (b"\x1f\x8b\x08" + bytes(2000), "is a gzip archive"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is XML"),
        (b'{"error": "expired"}', "is JSON"),
        (base64.b64encode(b"RIFF\x24\x7d\x00\x00WAVEfmt " + bytes(2000)), "is Base64"),
        (b"#EXTM3U\nhttp://127.0.0.1:9/a.mp3\n", "is a playlist"),
        (b"\x00\x00\x00\x1cftypM4A " + bytes(2000), "is an MP4 (M4A, MOV) without the index"),
        (b"PK\x03\x04" + bytes(2000), "is a ZIP archive"),
        (b"\n<!DOCTYPE HTML><html><body>403</body></html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "is a pointer of Git LFS"),
    ],
)
def test_a_file_that_is_no_recording_is_named(content: bytes, phrase: str) -> None:
    assert (what_it_is(content) or "").startswith(phrase)
    with pytest.raises(AudioFileRefused, match=phrase.replace("(", r"\(").replace(")", r"\)")):
        list(decode(io.BytesIO(content)))


def test_of_an_unknown_file_what_is_read_is_listed() -> None:
    assert what_it_is(b"RIFF") is what_it_is(b"") is None
    with pytest.raises(AudioFileRefused, match="these are read: WAV"):
        list(decode(io.BytesIO(b"Creative Voice File")))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty: it has no bytes"),
        (bytes(100_000), "the file begins with zeros where a header should be"),
    ],
)
def test_a_file_of_no_bytes_or_of_zeros_is_called_so_and_not_another_container(content: bytes, reason: str) -> None:
    with pytest.raises(AudioFileRefused, match=reason):
        list(decode(io.BytesIO(content)))
