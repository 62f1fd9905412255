"""The endpoint of corrections: known people alone, each for their own."""

import base64
from collections.abc import MutableMapping

import pytest
from carabin.registry.corrections import SWEEP_KEY
from carabin.registry.testing.memory import MemoryStore
from carabin.service.access.identity import NoAuthentication, StaticKeys
from carabin.transcriber.corrections.errors import CorrectionsMisconfigured
from carabin.transcriber.corrections.routes import MAX_BODY_BYTES
from carabin.transcriber.corrections.store import MAX_AUDIO_S, MAX_TEXT
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.settings.web import WebSettings
from carabin.transcriber.web import mount_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

SALT = "a salt that is long enough"
CORRECTION = {
    "session": "session-1",
    "utterance": 3,
    "model_version": "20260101T000000Z-aaaaaaaaaaaa",
    "raw": " le bisoprolole",
    "corrected": "le bisoprolol",
    "consent": True,
}


def keys(store: MemoryStore) -> list[str]:
    store.ensure_bucket("corrections")
    return [key for key in store.list("corrections", "") if key != SWEEP_KEY]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def registry() -> CollectorRegistry:
    return Metrics().registry


@pytest.fixture
def client(store: MemoryStore, registry: CollectorRegistry) -> TestClient:
    app = FastAPI()
    settings = WebSettings(corrections="text", corrections_salt=SecretStr(SALT))
    keys = StaticKeys([("dr.martin", "k" * 20)])
    mount_web(app, settings=settings, authenticator=keys, store=store, registry=registry)
    return TestClient(app)


MARTIN = {"Authorization": f"Bearer {'k' * 20}"}


def test_endpoint_keeps_a_correction_and_deletes_the_callers_own(client: TestClient, store: MemoryStore) -> None:
    answer = client.post("/v1/corrections", json=CORRECTION, headers=MARTIN)
    assert answer.status_code == 201
    assert len(keys(store)) == 1
    assert client.delete("/v1/corrections", headers=MARTIN).json() == {"deleted": 1}
    assert keys(store) == []


def test_endpoint_refuses_strangers_missing_consent_and_foreign_pages(client: TestClient, store: MemoryStore) -> None:
    body = CORRECTION
    assert client.post("/v1/corrections", json=body).status_code == 401
    assert client.post("/v1/corrections", json=body | {"consent": False}, headers=MARTIN).status_code == 400
    assert client.post("/v1/corrections", json={"raw": 1}, headers=MARTIN).status_code == 422
    foreign = MARTIN | {"Origin": "https://elsewhere.example"}
    refused = client.post("/v1/corrections", json=body, headers=foreign)
    assert (refused.status_code, "https://elsewhere.example" in refused.text) == (403, True)
    assert client.delete("/v1/corrections", headers=foreign).status_code == 403
    assert keys(store) == []


async def posted(client: TestClient, headers: dict[str, str], piece: bytes) -> tuple[int, int]:
    """Post a body that never ends; return the answer's status and how many pieces were read."""
    read, statuses = 0, []

    async def receive() -> dict[str, object]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message: MutableMapping[str, object]) -> None:
        statuses.append(message.get("status"))

    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/corrections", "headers": named, "query_string": b""}
    await client.app(scope, receive, send)
    return statuses[0], read


async def test_nothing_of_a_strangers_body_is_read_and_no_more_of_anybodys_than_a_correction_has(
    client: TestClient, store: MemoryStore
) -> None:
    assert await posted(client, {}, b" " * 65_536) == (401, 0)
    status, read = await posted(client, MARTIN, b" " * 65_536)
    assert status == 413
    assert read == MAX_BODY_BYTES // 65_536 + 1
    assert keys(store) == []


def test_longest_correction_is_kept_and_what_is_none_is_refused_without_repeating_it(client: TestClient) -> None:
    sound = base64.b64encode(bytes(int(MAX_AUDIO_S * 16_000) * 2)).decode()
    longest = CORRECTION | dict.fromkeys(("raw", "formatted", "corrected"), "𝄞" * MAX_TEXT)
    assert client.post("/v1/corrections", json=longest | {"audio_int16": sound}, headers=MARTIN).status_code == 201
    for body in (b'{"raw": "bisoprolol', b'["bisoprolol"]', b'{"raw": ["bisoprolol"]}', b""):
        refused = client.post("/v1/corrections", content=body, headers=MARTIN)
        assert refused.status_code == 422
        assert "not a correction" in refused.text
        assert "bisoprolol" not in refused.text


def test_site_that_keeps_nothing_has_no_endpoint_and_asks_for_no_consent() -> None:
    app = FastAPI()
    mount_web(app, settings=WebSettings())
    client = TestClient(app)
    assert client.post("/v1/corrections", json=CORRECTION).status_code == 404
    assert client.get("/web/settings.json").json()["retention"] == "none"


def test_keeping_corrections_without_knowing_whose_is_refused_at_start() -> None:
    settings = WebSettings(corrections="text", corrections_salt=SecretStr(SALT))
    for nobody in (None, NoAuthentication()):
        with pytest.raises(CorrectionsMisconfigured, match="CARABIN_TRANSCRIBER_API_KEYS"):
            mount_web(FastAPI(), settings=settings, authenticator=nobody, store=MemoryStore())
