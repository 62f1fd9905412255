"""OpenAI's official client and plain httpx, over every format and both tasks."""

import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import openai
import pytest

from ..helpers.servers import running
from .recordings import RATE_HZ, recording

# The client marks all of OpenAI's own translations as deprecated, whichever server answers.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
TEXT = "le patient le patient"
SEGMENT_FIELDS = {
    *("id", "seek", "start", "end", "text", "tokens", "temperature"),
    *("avg_logprob", "compression_ratio", "no_speech_prob"),
}


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    async with running() as server:
        yield f"http://127.0.0.1:{server.bound_port}/v1"


@asynccontextmanager
async def official() -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        served() as url,
        openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=60) as client,
    ):
        yield client


@pytest.mark.parametrize("task", ["transcriptions", "translations"])
@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
async def test_official_client_reads_every_format(task, response_format):
    async with official() as client:
        answer = await getattr(client.audio, task).create(
            file=("a.wav", recording()), model="whisper-1", response_format=response_format, temperature=0
        )
    if response_format in ("json", "verbose_json"):
        assert answer.text == TEXT
    else:
        assert answer.count("le patient") == 2


@pytest.mark.parametrize("task", ["transcriptions", "translations"])
@pytest.mark.parametrize(
    ("response_format", "kind"),
    [
        ("json", "application/json"),
        ("text", "text/plain"),
        ("srt", "application/x-subrip"),
        ("vtt", "text/vtt"),
        ("verbose_json", "application/json"),
    ],
)
async def test_httpx_reads_every_format(task, response_format, kind):
    async with served() as url, httpx.AsyncClient() as client:
        answer = await client.post(
            f"{url}/audio/{task}", files={"file": ("a.wav", recording())}, data={"response_format": response_format}
        )
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert answer.text.count("le patient") >= 1


@pytest.mark.parametrize(
    ("task", "named", "language"), [("transcriptions", "transcribe", "fr"), ("translations", "translate", "en")]
)
async def test_verbose_json_has_every_documented_field(task, named, language):
    async with official() as client:
        answer = await getattr(client.audio, task).create(
            file=("a.wav", recording()), model="whisper-1", response_format="verbose_json"
        )
    assert (answer.language, answer.task, answer.duration) == (language, named, pytest.approx(3.4, abs=0.01))
    first, second = answer.segments
    assert set(first.to_dict()) >= SEGMENT_FIELDS
    assert (first.tokens, first.seek, first.temperature, first.no_speech_prob) == ([100, 101], 0, 0.0, 0.01)
    assert second.seek == int(second.start * 100)
    assert first.avg_logprob < 0 < first.compression_ratio


async def test_language_is_there_where_nothing_was_said():
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        output.writeframes(bytes(2 * RATE_HZ))
    async with served() as url, httpx.AsyncClient() as client:
        data = {"response_format": "verbose_json"}
        answer = await client.post(f"{url}/audio/transcriptions", files={"file": ("a.wav", file.getvalue())}, data=data)
    assert (answer.json()["text"], answer.json()["language"]) == ("", "fr")


async def test_official_client_gets_word_times_as_it_asks_for_them():
    async with official() as client:
        answer = await client.audio.transcriptions.create(
            file=("a.wav", recording()),
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
    assert [word.word for word in answer.words or ()] == ["le", "patient"] * 2
    assert len(answer.segments or ()) == 2


async def test_official_client_reads_the_stream():
    async with official() as client:
        stream = await client.audio.transcriptions.create(file=("a.wav", recording()), model="whisper-1", stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert events[-1].text == TEXT


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"include": ["logprobs"]}, "include"),
        ({"temperature": 0.7}, "temperature"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"timestamp_granularities": ["phoneme"]}, "timestamp_granularities"),
        ({"chunking_strategy": {"type": "server_vad"}}, "chunking_strategy"),
        ({"extra_body": {"diarize": True}}, "diarize"),
    ],
)
async def test_official_client_gets_the_name_of_what_is_not_supported(fields, param):
    async with official() as client:
        with pytest.raises(openai.BadRequestError, match=param) as refused:
            await client.audio.transcriptions.create(file=("a.wav", recording()), model="whisper-1", **fields)
    assert (refused.value.param, refused.value.code) == (param, "bad_field")


async def test_official_client_gets_the_name_of_a_language_that_is_not_known():
    async with official() as client:
        with pytest.raises(openai.BadRequestError, match="klingon") as refused:
            await client.audio.transcriptions.create(file=("a.wav", recording()), model="whisper-1", language="klingon")
    assert (refused.value.param, refused.value.code) == ("language", "unsupported_language")


async def test_official_client_lists_the_model_that_answers():
    async with official() as client:
        [listed] = (await client.models.list()).data
        assert (await client.models.retrieve(listed.id)) == listed
        assert (listed.id, listed.object) == ("fake-1", "model")
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("another")
