"""The form of an upload: in memory whatever its size, refused beyond the limit, with OpenAI's fields."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from carabin.transcriber.core.errors import UnsupportedLanguage
from carabin.transcriber.openai_api import upload
from carabin.transcriber.openai_api.budget import UploadBudget
from carabin.transcriber.openai_api.upload import parse_upload, read_form
from carabin.transcriber.wire.errors import BadField, BadMessage, FrameTooLarge, UploadsFull, UploadTooSlow
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request


def posted(content: bytes = b"audio", **fields: str) -> Request:
    """The request that httpx makes of a file and fields, in chunks of 100 bytes."""
    sent = httpx.Request("POST", "http://x/", files={"file": ("a.wav", content)}, data=fields)
    return request(sent.read(), sent.headers["content-type"])


def request(body: bytes, content_type: str) -> Request:
    async def chunks() -> AsyncIterator[dict[str, object]]:
        for place in range(0, len(body), 100):
            yield {"type": "http.request", "body": body[place : place + 100], "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-type", content_type.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, chunks().__anext__)  # type: ignore[arg-type]


async def read(sent: Request, limit: int) -> FormData:
    """Read a form where nobody else sends one."""
    with UploadBudget(10_000_000).reserve("ward-1") as reservation:
        return await read_form(sent, limit, reservation)


def form(**fields: str) -> FormData:
    return FormData([("file", UploadFile(io.BytesIO(b"audio"))), *fields.items()])


async def test_a_large_upload_never_touches_a_disk() -> None:
    sent = await read(posted(bytes(3_000_000)), 4_000_000)
    found = sent["file"]
    assert isinstance(found, UploadFile)
    assert found.file._rolled is False  # type: ignore[attr-defined]
    assert len(await found.read()) == 3_000_000
    await sent.close()


async def test_an_upload_is_refused_as_soon_as_it_passes_the_limit() -> None:
    with pytest.raises(FrameTooLarge, match="more than the 1000 bytes"):
        await read(posted(bytes(5000)), 1000)


class StoppingUpload:
    """A request that says how long it is, sends its beginning, and then nothing more."""

    def __init__(self, declared: int, beginning: bytes) -> None:
        self._chunks = [beginning]
        headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", str(declared).encode())]
        self.request = Request({"type": "http", "method": "POST", "headers": headers}, self._receive)
        self.stopped = asyncio.Event()

    async def _receive(self) -> dict[str, object]:
        if self._chunks:
            return {"type": "http.request", "body": self._chunks.pop(), "more_body": True}
        self.stopped.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


async def test_an_upload_holds_what_has_come_of_it_and_not_what_it_says_will_come() -> None:
    budget, stopping = UploadBudget(1000), StoppingUpload(400, b"--x\r\n")
    with budget.reserve("ward-1") as reservation:
        reading = asyncio.create_task(read_form(stopping.request, 1000, reservation))
        await stopping.stopped.wait()
        assert budget.held_bytes == 5
        with budget.reserve("ward-1") as other:
            other.grow_to(400)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_an_upload_for_which_there_is_no_room_is_refused_before_it_is_read() -> None:
    stopping = StoppingUpload(600, b"--x\r\n")
    with UploadBudget(1000).reserve("ward-1") as reservation, pytest.raises(UploadsFull, match="ward-1 has too many"):
        await read_form(stopping.request, 1000, reservation)
    assert not stopping.stopped.is_set()


async def test_an_upload_that_stops_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "STALL_S", 0.05)
    stopping = StoppingUpload(400, b"--x\r\n")
    with (
        UploadBudget(1000).reserve("ward-1") as reservation,
        pytest.raises(UploadTooSlow, match="the upload stopped: 5 bytes came in"),
    ):
        await read_form(stopping.request, 1000, reservation)


async def test_a_steady_upload_is_too_slow_where_no_line_is_so_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "STALL_S", 0.05)
    turn, head = asyncio.Event(), [b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n']

    async def receive() -> dict[str, object]:
        with suppress(TimeoutError):
            await asyncio.wait_for(turn.wait(), 0.01)
        return {"type": "http.request", "body": head.pop() if head else b"-", "more_body": True}

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    dripping = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with UploadBudget(10_000).reserve("ward-1") as reservation, pytest.raises(UploadTooSlow):
        await read_form(dripping, 10_000, reservation)


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data"])
async def test_what_is_no_multipart_form_is_refused(content_type: str) -> None:
    with pytest.raises(BadMessage, match="multipart"):
        await read(request(b"{}", content_type), 1000)


async def test_a_second_file_is_refused() -> None:
    sent = httpx.Request("POST", "http://x/", files=[("file", ("a", b"1")), ("file", ("b", b"2"))])
    with pytest.raises(BadMessage, match="cannot be parsed"):
        await read(request(sent.read(), sent.headers["content-type"]), 10_000)


def test_only_a_file_is_needed_and_the_rest_has_defaults() -> None:
    upload = parse_upload(form(), "fr")
    assert upload.file.read() == b"audio"
    assert (upload.response_format, upload.stream) == ("json", False)
    assert (upload.config.language, upload.config.task, upload.config.partials) == ("fr", "transcribe", False)


def test_fields_are_read() -> None:
    fields = {
        "language": "en", "task": "translate", "prompt": " style ", "hotwords": "bisoprolol", "temperature": "0",
        "vocabularies": "cardio, ,pneumo", "timestamp_granularities[]": "word", "stream": "TRUE",
        "response_format": "vtt",
    }  # fmt: skip
    upload = parse_upload(form(**fields), "fr")
    config = upload.config
    assert (config.language, config.task, config.initial_prompt) == ("en", "translate", "style")
    assert (config.hotwords, config.vocabularies, config.word_timestamps) == ("bisoprolol", ("cardio", "pneumo"), True)
    assert (upload.stream, upload.response_format) == (True, "vtt")


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        (FormData({"file": "only text"}), BadField, "file is missing"),
        (FormData({}), BadField, "file is missing"),
        (form(response_format="docx"), BadField, "one of json, text"),
        (form(language="klingon"), UnsupportedLanguage, "klingon"),
        (form(prompt="x" * 9000), BadField, "^prompt has 9000 characters: 8000 are allowed"),
        (form(hotwords="x" * 9000), BadField, "^hotwords has 9000 characters: 8000 are allowed"),
    ],
)
def test_what_cannot_be_done_is_named(fields: FormData, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        parse_upload(fields, "fr")
