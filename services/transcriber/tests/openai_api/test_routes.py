"""Uploads as OpenAI's clients send them, answered in each of their forms."""

import asyncio
import io
import json
import logging
import socket
import struct
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from carabin.service.audio import Recording
from carabin.transcriber.core.errors import DecodeFailed, NotReady, Overloaded
from carabin.transcriber.http.server import Server
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber

from ..helpers.servers import RATE_HZ, running, until
from .recordings import recording

PATH = "/v1/audio/transcriptions"


@asynccontextmanager
async def web(transcriber: FakeTranscriber | None = None, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    async with running(transcriber, **settings) as server, http(server) as opened:
        yield opened


@asynccontextmanager
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}", timeout=60) as opened:
        yield opened


async def post(opened: httpx.AsyncClient, content: bytes | None = None, **fields: object) -> httpx.Response:
    files = {"file": ("a.wav", recording() if content is None else content)}
    return await opened.post(PATH, files=files, data={"model": "whisper-1", **fields})


async def test_json_is_the_default_and_holds_the_whole_text():
    async with web() as opened:
        answer = await post(opened)
    assert answer.json() == {"text": "le patient le patient"}


async def test_a_page_of_another_origin_uploads_nothing_unless_the_settings_name_it():
    foreign = {"Origin": "https://elsewhere.example"}
    async with web() as opened:
        opened.headers.update(foreign)
        refused = await post(opened)
        opened.headers["Origin"] = str(opened.base_url).rstrip("/")
        own = await post(opened)
    async with web(origins="https://elsewhere.example") as opened:
        opened.headers.update(foreign)
        allowed = await post(opened)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert "https://elsewhere.example" in refused.json()["error"]["message"]
    assert (own.status_code, allowed.status_code) == (200, 200)


async def test_text_srt_and_vtt():
    async with web() as opened:
        text = await post(opened, response_format="text")
        srt = await post(opened, response_format="srt")
        vtt = await post(opened, response_format="vtt")
    assert text.text == "le patient le patient\n"
    assert srt.text.splitlines()[:3] == ["1", "00:00:00,000 --> 00:00:00,704", "le patient"]
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.704\nle patient\n")


async def test_verbose_json_has_segments_and_word_times():
    async with web() as opened:
        fields = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
        body = (await post(opened, **fields)).json()
    assert (body["task"], body["language"], body["duration"]) == ("transcribe", "fr", pytest.approx(3.4, abs=0.01))
    assert [segment["id"] for segment in body["segments"]] == [0, 1]
    assert body["segments"][1]["model_version"] == "fake-1"
    assert [word["word"] for word in body["words"]] == ["le", "patient"] * 2
    assert body["words"][2]["start"] > 1.6


async def test_what_was_transcribed_before_an_error_comes_with_the_error(monkeypatch):
    async def broken(_: object) -> None:
        raise DecodeFailed("the device failed")

    monkeypatch.setattr(FakeDictation, "wait_for_room", broken)
    async with web() as opened:
        answer = await post(opened)
        stream = await post(opened, stream="true")
    assert answer.status_code >= 500
    assert "error" in answer.json()
    assert answer.json()["text"] == "le patient le patient"
    assert [segment["text"] for segment in answer.json()["segments"]] == [" le patient"] * 2
    events = [json.loads(line.removeprefix("data: ")) for line in stream.text.splitlines() if line]
    assert [event["type"] for event in events] == ["transcript.text.delta"] * 2 + ["error"]
    assert events[-1]["text"] == "le patient le patient"


async def test_stream_is_openais_events():
    async with web() as opened:
        answer = await post(opened, stream="true")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
    assert [event["type"] for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert "".join(event.get("delta", "") for event in events) == events[-1]["text"] == "le patient le patient"


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz"),
    [("flac", "flac", 44_100), ("mp3", "libmp3lame", 22_050), ("ogg", "libopus", 48_000), ("mp4", "aac", 16_000)],
)
async def test_formats_and_rates_that_pyav_reads_are_transcribed(container, codec, rate_hz):
    async with web() as opened:
        answer = await post(opened, recording(container, codec, rate_hz))
    assert answer.status_code == 200
    assert answer.json()["text"].startswith("le patient")


@pytest.mark.parametrize(
    ("content", "fields", "status", "code"),
    [
        (b"not audio", {}, 400, "bad_audio_file"),
        (b"", {}, 400, "bad_audio_file"),
        (None, {"response_format": "docx"}, 400, "bad_field"),
        (None, {"language": "xx"}, 400, "unsupported_language"),
        (None, {"vocabularies": "absent"}, 400, "unknown_vocabulary"),
    ],
)
async def test_bad_upload_is_refused_in_openais_form(content, fields, status, code):
    async with web() as opened:
        answer = await post(opened, content, **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("name", ["a.wav", "a.sdp"])
@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile secret.wav\n",
        "ffconcat version 1.0\nfile 'file:{path}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/a\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 45678 RTP/AVP 0\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    ],
    ids=["concat", "file", "hls", "sdp", "dash"],
)
async def test_upload_that_names_other_audio_is_refused_and_fetches_none(name, content, tmp_path, monkeypatch):
    (tmp_path / "secret.wav").write_bytes(recording())
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        sent = content.format(path=tmp_path / "secret.wav", port=listener.getsockname()[1]).encode()
        async with web() as opened:
            answer = await opened.post(PATH, files={"file": (name, sent)})
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_audio_file")


async def test_upload_without_a_file_or_form_is_refused():
    async with web() as opened:
        assert (await opened.post(PATH, data={"model": "x"})).json()["error"]["code"] == "bad_message"
        assert (await opened.post(PATH, files={"other": b"x"})).json()["error"]["code"] == "bad_field"


async def test_upload_over_the_limit_is_refused_before_it_is_read():
    async with web(max_upload_bytes=1000) as opened:
        answer = await post(opened)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "frame_too_large")


@pytest.mark.parametrize(
    ("refusal", "status", "after"), [(Overloaded(7.0), 429, "7"), (NotReady("no model"), 503, "5")]
)
async def test_refusal_says_when_to_come_back(refusal, status, after):
    transcriber = FakeTranscriber()
    transcriber.refuse_with = refusal
    async with web(transcriber) as opened:
        answer = await post(opened)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, after)


CASES = Path(__file__).parents[4] / "services" / "trainer" / "tests" / "cases"


@pytest.mark.parametrize(
    ("name", "warnings"),
    [
        ("aac_hole.aac", ["the recording is damaged from 7.04 s to 7.10 s: 0.06 s cannot be decoded"]),
        ("mp3_hole_ff.mp3", ["the recording is damaged from 7.02 s to 7.09 s: 0.07 s cannot be decoded"]),
        ("mp3_tail_garbage.mp3", []),
        ("m4a_truncated.m4a", ["the recording was cut off: its header promises 13.97 s and the file holds 8.90 s"]),
        ("wav_truncated.wav", ["the recording was cut off: its header promises 13.97 s and the file holds 9.31 s"]),
        ("len_0.wav", []),
        ("antiphase.wav", []),
    ],
)
async def test_damaged_recording_is_transcribed_with_what_is_missing_named_in_seconds(name, warnings):
    content = (CASES / name).read_bytes()
    async with web() as opened:
        answers = {kind: await post(opened, content, response_format=kind) for kind in ("json", "verbose_json", "srt")}
        stream = await post(opened, content, stream="true")
    assert [answer.status_code for answer in answers.values()] == [200] * 3
    done = json.loads(stream.text.rstrip().splitlines()[-1].removeprefix("data: "))
    for body in (answers["json"].json(), answers["verbose_json"].json(), done):
        assert body["text"].startswith("le ")
        assert body.get("warnings", []) == warnings
    assert answers["srt"].headers.get("x-carabin-warning", "") == "; ".join(warnings)


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz", "name"),
    [
        ("ac3", "ac3", 48_000, "a.ac3"), ("mpegts", "aac", 48_000, "a.ts"), ("g722", "g722", 16_000, "a.G722"),
        ("flv", "aac", 44_100, "a.flv"), ("mpegts", "mp2", 48_000, "blob"),
    ],
)  # fmt: skip
async def test_recordings_of_telephony_and_of_films_are_transcribed(container, codec, rate_hz, name):
    async with web() as opened:
        files = {"file": (name, recording(container, codec, rate_hz))}
        answer = await opened.post(PATH, files=files, data={"model": "whisper-1"})
    assert answer.json() == {"text": "le patient le patient"}


@pytest.mark.parametrize(
    ("names", "message", "param"),
    [
        (["file", "file"], "the multipart body cannot be parsed: send one file at a time", None),
        (["file[]"], "file is missing: send the recording as a file field, not as 'file[]'", "file"),
        (["audio"], "file is missing: send the recording as a file field, not as 'audio'", "file"),
    ],
)
async def test_recording_in_another_field_or_two_at_once_is_named(names, message, param):
    async with web() as opened:
        answer = await opened.post(PATH, files=[(name, ("a.wav", recording())) for name in names])
    assert answer.status_code == 400
    assert (answer.json()["error"]["message"], answer.json()["error"]["param"]) == (message, param)


@pytest.mark.parametrize(("place", "value"), [(20, 0x1234), (34, 0)])
async def test_sound_of_an_unknown_codec_is_the_senders_error(place, value):
    content = bytearray(recording())
    content[place : place + 2] = struct.pack("<H", value)
    async with web() as opened:
        answer = await post(opened, bytes(content))
    assert answer.status_code == 400
    assert "codec of its sound is not known" in answer.json()["error"]["message"]


async def test_header_without_sound_is_an_error_that_says_so():
    async with web() as opened:
        answer = await post(opened, (CASES / "header_only.wav").read_bytes())
    assert answer.status_code == 400
    assert "the recording is empty" in answer.json()["error"]["message"]


async def test_empty_text_is_never_without_a_word():
    silence = io.BytesIO()
    with wave.open(silence, "wb") as output:
        output.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        output.writeframes(bytes(4 * RATE_HZ))
    async with web() as opened:
        answer = await post(opened, silence.getvalue())
    assert answer.status_code == 200
    assert answer.json() == {"text": "", "warnings": ["no speech was found in the recording: it holds only silence"]}


async def test_eleven_minutes_with_a_bad_tail_are_kept():
    whole = io.BytesIO()
    with av.open(whole, "w", format="mp3") as output:
        stream = output.add_stream("libmp3lame", rate=RATE_HZ, layout="mono")
        samples = np.zeros(11 * 60 * RATE_HZ, np.float32)
        samples[-2 * RATE_HZ :] = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE_HZ)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    content = whole.getvalue() + b"\xff\xfb\x90\x00" + bytes(range(256)) * 16
    async with web() as opened:
        answer = await post(opened, content, response_format="verbose_json")
    assert answer.status_code == 200
    assert answer.json()["duration"] >= 660
    assert answer.json()["segments"][0]["start"] == pytest.approx(658, abs=0.3)


async def test_samples_that_do_not_fit_their_header_are_refused():
    file = io.BytesIO()
    unscaled = (np.random.default_rng(0).normal(0, 3000, RATE_HZ)).astype("<f4")
    with av.open(file, "w", format="wav") as output:
        stream = output.add_stream("pcm_f32le", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(unscaled[None, :], format="flt", layout="mono")
        frame.sample_rate = RATE_HZ
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    async with web() as opened:
        answer = await post(opened, file.getvalue())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "impossible_audio")


@pytest.mark.parametrize(("rate_hz", "code"), [(16_000, "impossible_audio"), (48_000, "bad_audio_file")])
async def test_a_recording_whose_bytes_are_swapped_is_refused_with_what_it_probably_is(rate_hz, code):
    data = recording(rate_hz=rate_hz)
    start = data.index(b"data") + 8
    async with web() as opened:
        answer = await post(opened, data[:start] + np.frombuffer(data[start:], "<i2").byteswap().tobytes())
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, code)
    assert "swapped bytes" in error["message"]


class _CountingTranscriber(FakeTranscriber):
    """Counts how often it was asked to open a session."""

    opened = 0

    def open(self, *args: object, **options: object) -> FakeDictation:
        self.opened += 1
        return super().open(*args, **options)  # type: ignore[arg-type]


async def test_long_recording_is_admitted_once():
    transcriber = _CountingTranscriber()
    silence = np.zeros(11 * 60 * RATE_HZ, "<i2").tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        output.writeframes(silence + (np.full(RATE_HZ, 8000, "<i2")).tobytes())
    async with web(transcriber) as opened:
        answer = await post(opened, file.getvalue(), response_format="verbose_json")
    assert answer.json()["segments"][0]["start"] == pytest.approx(660.0, abs=0.1)
    assert transcriber.opened == 1


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_client_that_leaves_ends_its_work(stream):
    transcriber = FakeTranscriber()
    async with running(transcriber) as server:
        async with http(server) as opened:
            posting = asyncio.create_task(post(opened, recording(), stream=stream))
            await until(lambda: transcriber.dictations)
            [dictation] = transcriber.dictations.values()
            dictation.room.clear()
            await until(lambda: dictation.pushed_samples)
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
        await until(lambda: not transcriber.dictations)
        await server.parts.admission.wait_empty()


async def test_uploads_beyond_their_memory_are_refused_with_a_time_to_come_back():
    async with web(upload_memory_bytes=1000) as opened:
        answer = await post(opened)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "uploads_full")
    assert answer.headers["retry-after"] == "10"


async def test_memory_of_an_upload_is_free_again_behind_it():
    async with web(upload_memory_bytes=2 * len(recording()) + 4000) as opened:
        assert [(await post(opened)).status_code for _ in range(3)] == [200] * 3
        assert [(await post(opened, b"no audio")).status_code for _ in range(3)] == [400] * 3


async def test_key_is_needed_where_keys_are_set():
    key = "correct-horse-battery"
    async with web(api_keys=f"ward:{key}") as opened:
        refused = await post(opened)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        opened.headers["Authorization"] = f"Bearer {key}"
        assert (await post(opened)).status_code == 200


@pytest.mark.parametrize("reset", [False, True])
async def test_upload_abandoned_in_its_body_is_no_error_of_the_service(reset: bool, caplog: pytest.LogCaptureFixture):
    body = recording()
    async with running() as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.bound_port)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            f"Content-Length: {len(body) + 1000}\r\n\r\n--x\r\n"
            'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        )
        writer.write(head.encode() + body[: len(body) // 2])
        await writer.drain()
        await until(lambda: server.server_state.tasks)
        if reset:
            linger_none = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)
        writer.close()
        await until(lambda: not server.server_state.tasks)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")], ids=["memory", "thread"])
async def test_a_machine_short_of_memory_is_a_503_and_no_damaged_recording(error, monkeypatch):
    def blocks(_recording: Recording) -> Iterator[np.ndarray]:
        raise error
        yield

    monkeypatch.setattr(Recording, "blocks", blocks)
    async with web() as opened:
        answer = await post(opened)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "resources_exhausted")
    assert int(answer.headers["Retry-After"]) >= 1
