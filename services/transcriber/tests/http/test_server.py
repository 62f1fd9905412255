"""Draining, slow and dead clients, TLS, ports that are taken: what an operator sees."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
import httpx
import pytest
from carabin.service.errors import InsecureListening, PortTaken
from carabin.service.testing.certificates import write_certificate
from carabin.transcriber.http.server import Server, Socket
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.v1 import transcriber_pb2 as pb
from carabin.transcriber.v1 import transcriber_pb2_grpc
from carabin.transcriber.whisperlive.endpoint import WhisperLiveSocket
from carabin.transcriber.whisperlive.websocket import SocketLimits
from websockets.asyncio.client import connect

from ..helpers.servers import client, running, speech, until


@asynccontextmanager
async def http(server: Server, **options: object) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}", **options) as opened:
        yield opened


async def test_metrics_on_a_port_of_their_own_are_on_no_other():
    async with running(metrics_port=0, api_keys="ward:correct-horse-battery") as server, http(server) as web:
        assert (await web.get("/metrics")).status_code == 404
        async with httpx.AsyncClient() as scraper:
            answer = await scraper.get(f"http://127.0.0.1:{server.metrics_port}/metrics")
        assert "carabin_transcriber_wire_sessions_total" in answer.text
        port = server.metrics_port
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken, match=f"metrics port {port}"):
        async with running(metrics_port=port):
            pass


async def test_metrics_count_who_was_turned_away_and_why():
    async with running() as server, http(server) as web:
        async with client(server) as raw:
            await raw.hello(language="xx")
            await raw.rest()
        text = (await web.get("/metrics")).text
    assert 'carabin_transcriber_refused_total{protocol="whisperlive",reason="unsupported_language"} 1.0' in text


async def test_the_reading_of_a_socket_is_paused_only_while_a_message_waits(monkeypatch):
    pauses = []
    made = Socket.connection_made

    def watched(socket, transport):
        pause = transport.pause_reading
        transport.pause_reading = lambda: pauses.append(socket.queue.qsize()) or pause()
        made(socket, transport)

    monkeypatch.setattr(Socket, "connection_made", watched)
    async with running() as server, client(server) as live:
        await live.hello()
        for _ in range(10):
            await live.send(speech(0.8))
            await live.until("segments")
        assert not pauses
        for _ in range(200):
            await live.send(speech(0.8))
        await until(lambda: pauses)
    assert all(waiting > 1 for waiting in pauses)


async def test_sigterm_refuses_new_sessions_and_lets_the_live_one_finish():
    async with running(drain_s=20) as server, client(server) as live:
        await live.hello()
        await live.send(speech(0.8))
        await live.until("segments")
        server.handle_exit(signal.SIGTERM, None)
        await until(lambda: server.parts.admission.draining)
        async with http(server) as web:
            answer = await web.get("/readyz")
            assert (answer.status_code, answer.json()["reason"]) == (503, "draining")
            upload = await web.post("/v1/audio/transcriptions", files={"file": b""})
            assert upload.status_code == 503
        async with client(server) as late:
            assert (await late.hello())["status"] == "ERROR"
            assert (await late.rest())[0] == 1012
        await live.send(b"END_OF_AUDIO")
        assert await live.rest() == (1000, "")
        assert [segment["text"] for segment in live.finals] == [" le patient"]


async def test_session_that_outlives_the_drain_is_made_final_and_closed_with_its_reason():
    async with running(drain_s=0.1) as server, client(server) as live:
        await live.hello()
        await live.send(speech(0.8))
        await live.until("segments")
        server.leave()
        code, reason = await live.rest()
        assert (code, "shutting down" in (reason or "")) == (1012, True)
        assert [segment["text"] for segment in live.finals] == [" le patient"]
        assert live.messages[-1]["message"] == "DISCONNECT"


async def test_second_server_on_the_port_is_refused_by_name():
    async with running() as server:
        with pytest.raises(PortTaken, match=str(server.bound_port)):
            async with running(port=server.bound_port):
                pass


async def test_second_grpc_server_on_the_port_is_refused_by_name():
    async with running(grpc_port=0) as server:
        with pytest.raises(PortTaken, match=str(server.grpc_port)):
            async with running(grpc_port=server.grpc_port):
                pass


@pytest.mark.parametrize("taken", ["port", "grpc_port"])
async def test_a_port_that_is_taken_is_one_sentence_before_anything_starts(taken, capfd, caplog, monkeypatch):
    started = []
    monkeypatch.setattr(FakeTranscriber, "start", lambda _: started.append(True))
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken, match="another program listens"):
        async with running(**{"grpc_port": 0, taken: other.getsockname()[1]}):
            pass
    assert not started
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


async def test_network_without_authentication_is_refused_before_listening():
    with pytest.raises(InsecureListening):
        async with running(host="0.0.0.0"):
            pass


class DeafSocket:
    """A connection whose client sends audio and takes no more than the first message."""

    def __init__(self, *frames: dict[str, object]) -> None:
        self.scope = {"subprotocols": []}
        self.headers: dict[str, str] = {}
        self.client = None
        self.application_state = None
        self.closed: tuple[int, str] | None = None
        self._frames = [{"type": "websocket.receive", **frame} for frame in frames]
        self._sent = 0

    async def accept(self, subprotocol: str | None = None) -> None:
        pass

    async def receive(self) -> dict[str, object]:
        if self._frames:
            return self._frames.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send_text(self, text: str) -> None:
        self._sent += 1
        if self._sent > 1:
            await asyncio.Event().wait()

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


async def test_client_that_never_reads_is_let_go_and_its_session_is_freed():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server:
        parts = server.parts
        limits = SocketLimits(send_s=0.05)
        adapter = WhisperLiveSocket(parts.admission, parts.authenticator, parts.resume, limits=limits)
        deaf = DeafSocket({"text": '{"uid": "u", "language": "fr"}'}, {"bytes": speech(0.8)})
        await asyncio.wait_for(adapter.serve(deaf), 10)
        await parts.admission.wait_empty()
        assert transcriber.dictations == {}


async def test_websocket_and_grpc_are_served_over_tls(tmp_path):
    cert, key = write_certificate(tmp_path)
    async with running(tls_cert=cert, tls_key=key, grpc_port=0) as server:
        trusting = ssl.create_default_context(cafile=str(cert))
        async with connect(f"wss://127.0.0.1:{server.bound_port}", ssl=trusting) as socket:
            await socket.send('{"uid": "u"}')
            assert "SERVER_READY" in await socket.recv()
        credentials = grpc.ssl_channel_credentials(cert.read_bytes())
        async with grpc.aio.secure_channel(f"127.0.0.1:{server.grpc_port}", credentials) as channel:
            stub = transcriber_pb2_grpc.TranscriberServiceStub(channel)
            assert (await stub.GetModel(pb.GetModelRequest())).model.version == "fake-1"
