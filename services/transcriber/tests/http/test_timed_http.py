"""Connections that never send a whole request are closed; slow ones that do are served."""

import asyncio
from contextlib import suppress

import pytest
from carabin.service.testing.slow_client import is_let_go
from carabin.transcriber.http.timed_http import TimedHttp

from ..helpers.servers import client, running, silence, speech, until

HEADER_TIMEOUT_S = 1.0
REQUEST = b"GET /livez HTTP/1.1\r\nHost: carabin\r\n\r\n"
HELD = b"GET /livez HTTP/1.1\r\nHost: carabin\r\nX-Slow: a"
UPLOAD = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: carabin\r\nContent-Length: 7\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--"
)
"""All headers, and two bytes of an empty form."""
UPGRADE = b"GET / HTTP/1.1\r\nHost: carabin\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Slow: a"


@pytest.mark.parametrize(
    ("first", "drip"),
    [(b"", None), (HELD, None), (b"", HELD), (b"", UPGRADE), (REQUEST, HELD)],
    ids=["silent", "stops", "byte by byte", "websocket", "second request"],
)
async def test_a_connection_that_never_sends_its_headers_is_closed(first: bytes, drip: bytes | None) -> None:
    async with running(header_timeout_s=HEADER_TIMEOUT_S) as server:
        assert await asyncio.to_thread(is_let_go, server.bound_port, first, drip)


@pytest.mark.parametrize("path", ["/v1/corrections", "/nowhere"], ids=["read", "answered already"])
async def test_a_connection_that_hardly_sends_its_body_is_closed(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimedHttp, "body_window_s", 1.0)
    head = f"POST {path} HTTP/1.1\r\nHost: carabin\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n"
    async with running() as server:
        assert await asyncio.to_thread(is_let_go, server.bound_port, head.encode(), b"{ ")


async def test_a_body_is_judged_anew_in_each_window(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    judge = TimedHttp._judge_window
    monkeypatch.setattr(TimedHttp, "body_window_s", 1.0)
    monkeypatch.setattr(TimedHttp, "_judge_window", lambda http: judged.append(http._window_bytes) or judge(http))
    head = b"POST /v1/corrections HTTP/1.1\r\nHost: carabin\r\nContent-Length: 90000\r\n\r\n"
    async with running() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.bound_port)
        writer.write(head)
        await until(lambda: [http for http in server.server_state.connections if http._awaited == "body"])
        writer.write(b"{" + b" " * 5_000)
        async with asyncio.timeout(60):
            with suppress(ConnectionError):
                await reader.read()
        writer.close()
    assert judged == [5_001, 0]


async def test_a_slow_dictation_and_a_slow_body_go_on_while_connections_are_closed() -> None:
    async with running(header_timeout_s=HEADER_TIMEOUT_S) as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(1.1))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.bound_port)
        writer.write(UPLOAD)
        assert await asyncio.to_thread(is_let_go, server.bound_port, b"", HELD)
        await raw.send(speech(1.1), silence(1), b"END_OF_AUDIO")
        await raw.rest()
        writer.write(b"x--\r\n")
        answer = await reader.read(12)
        writer.close()
    assert len(raw.finals) == 1
    assert answer == b"HTTP/1.1 400"


async def test_the_port_of_metrics_alone_has_the_same_limit() -> None:
    async with running(header_timeout_s=HEADER_TIMEOUT_S, metrics_port=0) as server:
        assert server.metrics_port is not None
        assert await asyncio.to_thread(is_let_go, server.metrics_port, b"", HELD)


async def test_the_grpc_port_has_the_same_limit() -> None:
    async with running(header_timeout_s=HEADER_TIMEOUT_S, grpc_port=0) as server:
        assert server.grpc_port is not None
        assert await asyncio.to_thread(is_let_go, server.grpc_port)
