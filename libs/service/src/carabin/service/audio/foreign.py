"""What a file is that lies among recordings and is none, by its first bytes, with what to do: for clear refusals."""

from types import MappingProxyType
from typing import Final

HEAD_BYTES: Final = 64
_SIGNATURES: Final = MappingProxyType(
    {
        b"\x03ds2": "is DS2 (DSS Pro), which its recorder's program alone reads: export it there as WAV or MP3",
        b"\x01ds2": "is DS2 (DSS Pro), which its recorder's program alone reads: export it there as WAV or MP3",
        b"\x03enc": "is an encrypted DS2: export it as WAV or MP3 in its recorder's program, with its password",
        b"ms_voice": "is a Sony recorder's (DVF, MSV), which its program alone reads: export it there as WAV or MP3",
        b"PK\x03\x04": "is a ZIP archive, or a document of Word or Excel: unpack the recordings",
        b"7z\xbc\xaf\x27\x1c": "is a 7-Zip archive: unpack the recordings",
        b"Rar!": "is a RAR archive: unpack the recordings",
        b"\xd0\xcf\x11\xe0": "is a document of Word or Excel before 2007: it holds no recording that is read",
        b"\x1f\x8b": "is a gzip archive: unpack the recording",
        b"%PDF": "is a PDF",
        b"{\\rtf": "is an RTF text",
        b"<!doctype html": "is a web page, as a download that failed leaves behind: fetch the recording again",
        b"<html": "is a web page, as a download that failed leaves behind: fetch the recording again",
        b"<?xml": "is XML, as a download that failed leaves behind: fetch the recording again",
        b'{"': "is JSON, as a download that failed leaves behind: fetch the recording again",
        b"data:audio": "is Base64, a text: decode it first",
        b"uklgr": "is Base64, a text: decode it first",
        b"#extm3u": "is a playlist, which holds no sound: give the recordings that it names",
        b"ffconcat": "is a playlist, which holds no sound: give the recordings that it names",
        b"version https://git-lfs": "is a pointer of Git LFS and not the recording: fetch it by `git lfs pull`",
    }
)
"""Beginning, in lower case where it is text -> a verb phrase. DS2 is Olympus, Philips and Grundig's successor of DSS,
whose codec and cipher are not published."""


def what_it_is(head: bytes) -> str | None:
    """Return what a file that begins with `head` is, as a verb phrase; None where that is not known."""
    if head[4:8] == b"ftyp":
        return "is an MP4 (M4A, MOV) without the index that is written last: its recording or its copy broke off"
    start = head.lstrip()[:HEAD_BYTES]
    return next(
        (phrase for mark, phrase in _SIGNATURES.items() if start.startswith(mark) or start.lower().startswith(mark)),
        None,
    )
