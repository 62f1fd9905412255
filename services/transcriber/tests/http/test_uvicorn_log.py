"""A request that is refused, is left or breaks: one line of ours, without a traceback and without the error's text."""

import asyncio
import logging

import httpx
import pytest
from carabin.transcriber.http.server import Server
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive.endpoint import WhisperLiveSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ..helpers.servers import running, until

UPLOAD = (
    "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    "Content-Length: 20000\r\n\r\n--x\r\nContent-Disposition: form-data; name=file; filename=a.wav\r\n\r\n"
)


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the server logged: the test's own HTTP client logs too, where another test left the root logger at INFO."""
    assert not [record for record in caplog.records if record.exc_info]
    served = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    return [getattr(record, "event", record.getMessage()) for record in served]


async def test_websocket_refused_at_the_handshake_is_one_line(caplog):
    async with running(origins="https://record.example") as server:
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://127.0.0.1:{server.bound_port}", origin="https://elsewhere.example")
        assert (refusal.value.response.status_code, b"may not connect" in refusal.value.response.body) == (403, True)
        await until(lambda: not server.server_state.tasks)
    assert events(caplog) == ["audit_refused"]


async def test_upload_that_its_sender_leaves_half_way_is_no_error(caplog):
    async with running() as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.bound_port)
        writer.write(UPLOAD.encode() + b"a" * 1000)
        await writer.drain()
        await until(lambda: server.server_state.tasks)
        writer.transport.abort()
        await until(lambda: not server.server_state.tasks)
    assert not events(caplog)


async def test_websocket_that_breaks_in_our_code_is_one_line_that_names_kind_and_place(caplog, monkeypatch):
    async def fail(*_: object) -> None:
        raise ValueError("le patient Dupont")

    monkeypatch.setattr(WhisperLiveSocket, "serve", fail)
    async with running() as server:
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://127.0.0.1:{server.bound_port}")
        assert refusal.value.response.status_code == 500
        await until(lambda: not server.server_state.tasks)
    assert events(caplog) == ["request_failed"]
    assert (caplog.records[0].error, caplog.records[0].where.partition(":")[0]) == ("ValueError", "test_uvicorn_log.py")
    assert "Dupont" not in caplog.text


async def test_request_that_breaks_in_our_code_is_one_line_and_a_500(caplog, monkeypatch):
    def fail(*_: object) -> None:
        raise ValueError("le patient Dupont")

    async with running() as server:
        monkeypatch.setattr(FakeTranscriber, "readiness", fail)
        answer = await _get(server, "/readyz")
        await until(lambda: not server.server_state.tasks)
        monkeypatch.undo()
    assert (answer.status_code, "Dupont" in answer.text) == (500, False)
    assert events(caplog) == ["request_failed"]
    assert "Dupont" not in caplog.text


async def test_lines_without_an_exception_stay_as_they_are(caplog):
    async with running():
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("uvicorn.error").info("GET /?token=secret")
    assert events(caplog) == ["Invalid HTTP request received."]


async def _get(server: Server, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}") as web:
        return await web.get(path)
