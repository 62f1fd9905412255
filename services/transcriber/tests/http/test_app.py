"""What one port answers: probes with their reasons, metrics, the page, and a WebSocket at any path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from carabin.service.errors import InsecureListening
from carabin.transcriber.http.app import make_parts
from carabin.transcriber.http.server import Server
from carabin.transcriber.settings.server import ServerSettings
from carabin.transcriber.testing.transcriber import FakeTranscriber
from prometheus_client import CollectorRegistry

from ..helpers.servers import client, running


@asynccontextmanager
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}") as opened:
        yield opened


async def test_alive_does_not_mean_ready_and_ready_says_why_not():
    async with running(FakeTranscriber(version=None)) as server, http(server) as web:
        assert (await web.get("/livez")).status_code == 200
        answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "no version is in production")


async def test_a_dead_thread_ends_liveness_and_is_named():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, http(server) as web:
        transcriber.dead = ("decode-1",)
        answer = await web.get("/livez")
    assert (answer.status_code, answer.json()) == (503, {"status": "dead", "threads": ["decode-1"]})


async def test_ready_names_the_model_that_serves():
    async with running() as server, http(server) as web:
        answer = await web.get("/readyz")
        model = await web.get("/v1/model")
    assert (answer.status_code, answer.json()["model_version"]) == (200, "fake-1")
    assert (model.json()["state"], model.json()["version"]) == ("steady", "fake-1")


async def test_ready_names_each_model():
    async with running(FakeTranscriber(others=("radiologie",))) as server, http(server) as web:
        models = (await web.get("/readyz")).json()["models"]
    assert {name: model["version"] for name, model in models.items()} == {
        "fake": "fake-1", "radiologie": "radiologie-1"
    }  # fmt: skip


async def test_full_is_ready_and_says_so():
    async with running(FakeTranscriber(max_sessions=1)) as server, http(server) as web:
        assert (await web.get("/readyz")).headers["X-Carabin-Full"] == "false"
        async with client(server) as live:
            assert (await live.hello())["message"] == "SERVER_READY"
            answer = await web.get("/readyz")
            assert (answer.status_code, answer.json()["full"], answer.headers["X-Carabin-Full"]) == (200, True, "true")
            async with client(server) as late:
                assert (await late.hello())["status"] == "WAIT"
                assert (await late.rest())[0] == 1013


async def test_metrics_are_prometheus_text():
    async with running() as server, http(server) as web:
        answer = await web.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_page_is_served_and_every_path_is_still_a_websocket():
    async with running() as server, http(server) as web, client(server, "/") as raw:
        assert "text/html" in (await web.get("/")).headers["content-type"]
        assert (await raw.hello())["message"] == "SERVER_READY"


async def test_draining_is_alive_and_not_ready():
    async with running() as server, http(server) as web:
        server.parts.admission.draining = True
        answer = await web.get("/readyz")
        assert (answer.status_code, answer.json()["reason"]) == (503, "draining")
        assert (await web.get("/livez")).json() == {"status": "alive"}


async def test_service_describes_itself_to_nobody():
    async with running() as server, http(server) as web:
        assert [(await web.get(path)).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404] * 3


@pytest.mark.parametrize(("host", "keys"), [("127.0.0.1", ""), ("0.0.0.0", "ward:correct-horse-battery")])
def test_longest_session_and_window_to_come_back_are_the_settings(host, keys):
    settings = ServerSettings(host=host, api_keys=keys, session_hours=2, resume_s=45)
    parts = make_parts(FakeTranscriber(), settings, CollectorRegistry())
    assert (parts.admission.session_s, parts.resume.window_s) == (7200, 45)
    assert parts.authenticator.required is bool(keys)


def test_parts_that_would_let_strangers_in_are_not_made():
    with pytest.raises(InsecureListening):
        make_parts(FakeTranscriber(), ServerSettings(host="0.0.0.0"), CollectorRegistry())
