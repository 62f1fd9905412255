"""One trace id, the caller's, stands in every line that a session writes, on whatever thread it is written."""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from carabin.service.logging import configure_logging
from carabin.transcriber.http.server import Server
from carabin.transcriber.v1 import transcriber_pb2_grpc

from ..grpc_api.test_service import channel, requests
from ..helpers.pipeline import loudness_vad
from ..helpers.servers import client, running, silence, speech
from ..models.test_source import Deployment
from ..openai_api.test_routes import recording
from ..runtime.test_dictation import SwappableLive, reach

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Yield a function that returns the lines about a session, a request or a decode."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("transcriber", stream=stream)
    about = ("session_", "audit_", "decode_failed", "file_", "model_installed", "model_refused")
    yield lambda: [line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"].startswith(about)]
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def transcriber(tmp_path: Path) -> SwappableLive:
    return SwappableLive(tmp_path, "v1", 10, None)


@asynccontextmanager
async def ready(transcriber: SwappableLive, **settings: Any) -> AsyncIterator[Server]:
    async with running(transcriber, **settings) as server:
        await reach(transcriber, "v1")
        yield server


def traces(written: list[dict[str, Any]]) -> dict[str, str | None]:
    return {line["event"]: line.get("trace_id") for line in written if not line["event"].startswith("model_")}


async def test_websocket_session_is_logged_under_its_clients_trace(lines, transcriber):
    async with ready(transcriber) as server, client(server, additional_headers=HEADERS) as raw:
        await raw.hello()
        await raw.send(speech(1), silence(1), b"END_OF_AUDIO")
        await raw.rest()
    assert traces(lines()) == dict.fromkeys(("session_opened", "audit_opened", "audit_closed", "session_closed"), TRACE)


async def test_grpc_session_is_logged_under_its_clients_trace(lines, transcriber):
    async with ready(transcriber, grpc_port=0) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate(
            iter(requests(speech(1), silence(1))), metadata=tuple(HEADERS.items())
        )
        assert [each async for each in call]
    assert traces(lines()) == dict.fromkeys(("session_opened", "audit_opened", "audit_closed", "session_closed"), TRACE)


async def test_upload_is_logged_under_its_clients_trace(lines, transcriber):
    async with (
        ready(transcriber) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}", headers=HEADERS) as web,
    ):
        answer = await web.post("/v1/audio/transcriptions", files={"file": ("a.wav", recording())})
    assert answer.status_code == 200
    assert traces(lines()) == dict.fromkeys(("session_opened", "audit_opened", "audit_closed", "session_closed"), TRACE)


async def test_who_is_turned_away_is_logged_under_its_trace_too(lines, transcriber):
    async with ready(transcriber) as server, client(server, additional_headers=HEADERS) as raw:
        await raw.hello(language="xx")
        await raw.rest()
    assert traces(lines()) == {"audit_refused": TRACE}


async def test_engine_failure_on_another_thread_names_session_and_trace(lines, transcriber, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    async with ready(transcriber) as server, client(server, additional_headers=HEADERS) as raw:
        await raw.hello()
        monkeypatch.setattr("carabin.transcriber.testing.engine.FakeEngine.decode", broken)
        await raw.send(speech(1), silence(1), b"END_OF_AUDIO")
        await raw.rest()
    written = lines()
    (session,) = {line["session"] for line in written if line["event"] == "session_opened"}
    failed = [line for line in written if line["event"] == "decode_failed"]
    assert failed
    assert {(line["trace_id"], line["session"]) for line in failed} == {(TRACE, session)}


async def test_sessions_without_a_header_have_traces_of_their_own(lines, transcriber):
    async with ready(transcriber) as server, client(server) as one, client(server) as two:
        for raw in (one, two):
            await raw.hello()
            await raw.send(b"END_OF_AUDIO")
            await raw.rest()
    opened = [line for line in lines() if line["event"] == "session_opened"]
    assert len({line["trace_id"] for line in opened}) == 2
    by_session = {line["session"]: line["trace_id"] for line in opened}
    assert all(line["trace_id"] == by_session[line["session"]] for line in lines() if "session" in line)


def test_change_of_model_is_logged_under_the_trace_of_the_run_that_it_came_from(lines, tmp_path):
    deployment = Deployment(tmp_path)
    traced, plain = deployment.publish(1, source={"trace_id": TRACE}), deployment.publish(2)
    with deployment:
        for version in (traced, plain):
            deployment.promote(version)
            deployment.wait_for(version)
    by_version = {line["version"]: line.get("trace_id") for line in lines() if line["event"] == "model_installed"}
    assert by_version == {traced: TRACE, plain: None}
