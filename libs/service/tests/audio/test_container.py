"""The one decoder: what it reads, and that no file makes it open anything else."""

import ctypes
import errno
import io
import os
import socket
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from carabin.service.audio import CONTAINERS, MAX_RATE_HZ, RATE_HZ, decode
from carabin.service.errors import AudioFileRefused, ResourcesExhausted

IN_OPEN, IN_NONBLOCK = 0x20, 0x800
"""From Linux's inotify.h."""


def wav(seconds: float = 1.0, rate_hz: int = RATE_HZ) -> bytes:
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((1, 2, rate_hz, 0, "NONE", ""))
        output.writeframes((8000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes())
    return file.getvalue()


def encoded(container: str, codec: str, rate_hz: int = 48_000, bit_rate: int = 64_000) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        stream.bit_rate = bit_rate
        tone = np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz).astype(np.float32) / 4
        frame = av.AudioFrame.from_ndarray(tone[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=rate_hz, frame_size=stream.codec_context.frame_size or None
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()


@contextmanager
def opened_files(path: Path) -> Iterator[list[str]]:
    """Record each time that this path is opened by anybody, as Linux reports it."""
    libc = ctypes.CDLL(None, use_errno=True)
    watcher = libc.inotify_init1(IN_NONBLOCK)
    assert libc.inotify_add_watch(watcher, os.fsencode(path), IN_OPEN) > 0
    opened: list[str] = []
    try:
        yield opened
    finally:
        with suppress(BlockingIOError):
            opened += ["open"] * (len(os.read(watcher, 4096)) // struct.calcsize("iIII"))
        os.close(watcher)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_s16le"), ("wav", "pcm_alaw"), ("w64", "pcm_s16le"), ("aiff", "pcm_s16be"), ("au", "pcm_s16be"),
        ("caf", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("adts", "aac"), ("ipod", "aac"), ("mov", "aac"),
        ("ogg", "libopus"), ("webm", "libopus"), ("matroska", "pcm_s16le"), ("asf", "wmav2"), ("wv", "wavpack"),
        ("avi", "libmp3lame"), ("avi", "pcm_s16le"), ("latm", "aac"), ("ac3", "ac3"), ("eac3", "eac3"),
        ("mpegts", "aac"), ("mpegts", "mp2"), ("mpegts", "ac3"), ("mpeg", "mp2"), ("vob", "ac3"), ("flv", "aac"),
        ("flv", "libmp3lame"), ("rm", "ac3"), ("tta", "tta"), ("mp2", "mp2"), ("matroska", "eac3"), ("wav", "adpcm_ms"),
    ],
)  # fmt: skip
def test_container_is_read(container, codec):
    samples = np.concatenate(list(decode(io.BytesIO(encoded(container, codec)))))
    assert samples.dtype == np.float32
    assert len(samples) / RATE_HZ == pytest.approx(1.0, abs=0.1)
    assert 0.1 < float(np.sqrt(np.mean(samples**2))) < 0.25


def test_adaptive_multi_rate_of_a_telephone_is_read():
    samples = np.concatenate(list(decode(io.BytesIO(encoded("amr", "libopencore_amrnb", 8_000, 12_200)))))
    assert len(samples) / RATE_HZ == pytest.approx(1.0, abs=0.1)
    assert 0.1 < float(np.sqrt(np.mean(samples**2))) < 0.25


@pytest.mark.parametrize(
    ("format_", "subtype"),
    [("RAW", "GSM610"), ("NIST", "PCM_16"), ("VOC", "PCM_16"), ("RF64", "PCM_16"), ("CAF", "ALAC_16")],
)
def test_what_libsndfile_writes_and_ffmpeg_does_not_is_read(format_, subtype):
    file = io.BytesIO()
    soundfile.write(file, np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000) / 4, 8_000, subtype, format=format_)
    samples = np.concatenate(list(decode(file)))
    assert len(samples) / RATE_HZ == pytest.approx(1.0, abs=0.1)
    assert 0.1 < float(np.sqrt(np.mean(samples**2))) < 0.25


@pytest.mark.parametrize(
    ("container", "rate_hz", "bit_rate", "name"),
    [
        ("g722", 16_000, 64_000, "recording.g722"),
        ("g722", 16_000, 64_000, "C:\\Dictées\\a b.722"),
        ("g723_1", 8_000, 6_300, "A.TCO"),
    ],
)
def test_code_without_a_header_is_read_by_its_name(container, rate_hz, bit_rate, name):
    content = encoded(container, container, rate_hz, bit_rate)
    samples = np.concatenate(list(decode(io.BytesIO(content), name=name)))
    assert len(samples) / RATE_HZ == pytest.approx(1.0, abs=0.1)
    assert 0.1 < float(np.sqrt(np.mean(samples**2))) < 0.25
    with pytest.raises(AudioFileRefused, match="these are read"):
        list(decode(io.BytesIO(content)))


def test_name_of_a_code_without_a_header_does_not_overrule_the_content():
    assert len(np.concatenate(list(decode(io.BytesIO(wav()), name="a.g722")))) == RATE_HZ


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"), (bytes(4000), "begins with zeros"), (b"%PDF-1.7 " + b"\x80" * 4000, "is a PDF"),
        (b"Le patient va bien. " * 500, "is a text"), ("Le patient est opéré. ".encode() * 500, "is a text"),
        (b"Rapport\r\n\tdu 12 mars\r\n" * 200, "is a text"),
    ],
)  # fmt: skip
def test_what_is_no_sound_is_not_made_noise_by_its_name(content, reason):
    with pytest.raises(AudioFileRefused, match=reason):
        list(decode(io.BytesIO(content), name="a.g722"))


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile {name}\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{name}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n#EXT-X-ENDLIST\n",
    ],
)
def test_playlist_opens_no_other_file(playlist, tmp_path, monkeypatch):
    other = tmp_path / "secret.wav"
    other.write_bytes(wav())
    (tmp_path / "list.m3u8").write_text(playlist.format(name=other.name, path=other))
    monkeypatch.chdir(tmp_path)
    with (
        opened_files(other) as opened,
        (tmp_path / "list.m3u8").open("rb") as file,
        pytest.raises(AudioFileRefused),
    ):
        list(decode(file))
    assert opened == []


@pytest.mark.parametrize(
    "reference",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/a.wav\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.wav\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    ],
)
def test_reference_opens_no_connection(reference):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        content = reference.format(port=listener.getsockname()[1]).encode()
        with pytest.raises(AudioFileRefused):
            list(decode(io.BytesIO(content)))
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "a.mpd", "a.sdp", "frame%03d.png", "a.idx", "a.g722"])
def test_name_makes_no_playlist_of_a_file(name, tmp_path, monkeypatch):
    """FFmpeg believes some suffixes; a name is only ever the suffix of a code without a header."""
    other = tmp_path / "secret.wav"
    other.write_bytes(wav())
    monkeypatch.chdir(tmp_path)
    with opened_files(other) as opened, pytest.raises(AudioFileRefused):
        list(decode(io.BytesIO(f"ffconcat version 1.0\nfile {other.name}\n".encode()), name=name))
    assert opened == []


def test_name_that_is_a_path_or_an_address_is_not_opened(tmp_path):
    other = tmp_path / "secret.g722"
    other.write_bytes(encoded("g722", "g722", 16_000))
    with opened_files(other) as opened, pytest.raises(AudioFileRefused):
        list(decode(io.BytesIO(b"Le patient va bien."), name=str(other)))
    assert opened == []


def atoms(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start, end) of each atom of an MP4 file between two places."""
    while start < end:
        size, name = struct.unpack(">I4s", content[start : start + 8])
        yield name, start, start + size
        start += size


def referring_elsewhere(content: bytes, alias: bytes) -> bytes:
    """Return a QuickTime file whose track says that its samples are in another file."""
    enclosing, place, end = list[int](), 0, len(content)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place, end = next((its, to) for which, its, to in atoms(content, place, end) if which == name)
        enclosing.append(place)
        place += 8
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    new = content[: place + 8] + entry + content[end:]
    patched = bytearray(new)
    for at in enclosing:
        size = int.from_bytes(content[at : at + 4]) + len(new) - len(content)
        patched[at : at + 4] = size.to_bytes(4)
    return bytes(patched)


def test_movie_whose_sound_is_in_another_file_opens_none(tmp_path, monkeypatch):
    other = tmp_path / "secret.mov"
    other.write_bytes(encoded("mov", "pcm_s16le"))
    name = other.name.encode()
    volume = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0")
    tail = bytes(16) + struct.pack(">hh", 0, 1) + bytes(16)
    paths = struct.pack(">hH", 2, len(name)) + name.ljust(len(name) + len(name) % 2, b"\0") + struct.pack(">hH", -1, 0)
    content = referring_elsewhere(encoded("mov", "pcm_s16le"), volume + tail + paths)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mov").write_bytes(content)
    followed = {"enable_drefs": "1", "use_absolute_path": "1"}
    with opened_files(other) as opened, av.open(str(tmp_path / "a.mov"), options=followed) as readable:
        list(readable.decode(audio=0))
    assert opened, "FFmpeg itself opens it where it may"
    with opened_files(other) as opened, (tmp_path / "a.mov").open("rb") as file, suppress(AudioFileRefused):
        list(decode(file, name="a.mov"))
    assert opened == []


def test_session_description_opens_no_socket():
    content = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 45678 RTP/AVP 0\n"
    with pytest.raises(AudioFileRefused):
        list(decode(io.BytesIO(content)))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x00" * 4000, b"ID3\x04not really", wav()[:20]])
def test_bytes_that_are_no_audio_are_refused_with_what_is_read(content):
    with pytest.raises(AudioFileRefused):
        list(decode(io.BytesIO(content)))


@pytest.mark.parametrize("rate_hz", [1, MAX_RATE_HZ + 1])
def test_rate_that_is_no_speech_is_refused(rate_hz):
    with pytest.raises(AudioFileRefused, match=f"{rate_hz} samples a second"):
        list(decode(io.BytesIO(wav(1.0, 16_000).replace(struct.pack("<I", 16_000), struct.pack("<I", rate_hz)))))


def test_recording_beyond_the_longest_is_refused_there():
    blocks = decode(io.BytesIO(wav(3.0)), max_hours=2.0 / 3600)
    seen: list[np.ndarray] = []
    with pytest.raises(AudioFileRefused, match="longer than"):
        seen.extend(blocks)
    assert sum(len(block) for block in seen) <= 2 * RATE_HZ


@pytest.mark.parametrize(("place", "value"), [(20, 0x1234), (34, 0)])
def test_sound_of_an_unknown_codec_is_refused_by_name(place, value):
    content = bytearray(wav())
    content[place : place + 2] = struct.pack("<H", value)
    with pytest.raises(AudioFileRefused, match="codec of its sound is not known here"):
        list(decode(io.BytesIO(bytes(content))))


def test_second_stream_is_taken_where_the_first_has_an_unknown_codec():
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as output:
        for stream in [output.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") for _ in range(2)]:
            frame = av.AudioFrame.from_ndarray(np.full((1, RATE_HZ), 8000, np.int16), format="s16", layout="mono")
            frame.sample_rate = RATE_HZ
            output.mux(stream.encode(frame))
    content = file.getvalue().replace(b"sowt", b"xyzw", 1)
    assert len(np.concatenate(list(decode(io.BytesIO(content))))) == RATE_HZ


def test_documentation_names_every_container():
    protocol = (Path(__file__).parents[4] / "docs" / "protocol.md").read_text(encoding="utf-8")
    listed = " ".join(protocol.split())
    for label in CONTAINERS.values():
        assert label in listed


def test_sound_in_a_container_that_is_not_documented_is_refused():
    """FFmpeg reads hundreds more, and each is a parser that a stranger's bytes would reach."""
    file = io.BytesIO()
    with av.open(file, "w", format="nut") as output:
        stream = output.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE_HZ), np.int16), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    file.seek(0)
    with av.open(file) as readable:
        assert readable.format.name == "nut", "FFmpeg itself would read it"
    with pytest.raises(AudioFileRefused, match="these are read"):
        list(decode(io.BytesIO(file.getvalue())))


class FailingFile(io.BytesIO):
    """A recording of which no more than 8 kB can be read."""

    def __init__(self, content: bytes, error: Exception) -> None:
        super().__init__(content)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 8_000:
            raise self._error
        return super().read(8_000 if size is None or size < 0 else min(size, 8_000))


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ResourcesExhausted),
        (MemoryError(), ResourcesExhausted),
        (OSError(errno.EIO, "Input/output error"), AudioFileRefused),
    ],
)
def test_a_shortage_amid_a_recording_is_no_damage_of_it(error: Exception, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        list(decode(FailingFile(wav(4.0), error), name="a.wav"))
