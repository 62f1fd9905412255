"""The form of an upload: in memory whatever its size, refused beyond the limit, with OpenAI's fields."""

import io
from collections.abc import AsyncIterator

import httpx
import pytest
from carabin.transcriber.core.errors import UnsupportedLanguage
from carabin.transcriber.openai_api.budget import UploadBudget
from carabin.transcriber.openai_api.upload import parse_upload, read_form
from carabin.transcriber.wire.errors import BadField, BadMessage, FrameTooLarge
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
    ],
)
def test_what_cannot_be_done_is_named(fields: FormData, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        parse_upload(fields, "fr")
