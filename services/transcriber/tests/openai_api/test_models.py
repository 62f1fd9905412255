"""Which model answers, in OpenAI's words and in ours."""

from dataclasses import replace
from datetime import UTC, datetime

from carabin.transcriber.openai_api.models import add_model_routes
from carabin.transcriber.testing.transcriber import FakeTranscriber
from fastapi import FastAPI
from fastapi.testclient import TestClient

LOADED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def served(version: str | None = "fake-1", loaded_at: datetime | None = LOADED) -> TestClient:
    transcriber = FakeTranscriber(version=version)
    transcriber._model = replace(transcriber.model, loaded_at=loaded_at)
    app = FastAPI()
    add_model_routes(app, transcriber)
    return TestClient(app)


def test_list_has_the_one_model_that_answers() -> None:
    [model] = served().get("/v1/models").json()["data"]
    assert model == {"id": "fake-1", "object": "model", "created": int(LOADED.timestamp()), "owned_by": "carabin"}


def test_list_is_empty_until_a_model_is_loaded() -> None:
    assert served(version=None, loaded_at=None).get("/v1/models").json() == {"object": "list", "data": []}


def test_model_whose_loading_time_is_not_known_has_none() -> None:
    client = served(loaded_at=None)
    assert client.get("/v1/models/fake-1").json()["created"] == 0
    assert client.get("/v1/model").json()["loaded_at"] is None


def test_version_may_hold_slashes_as_names_of_published_models_do() -> None:
    client = served(version="openai/whisper-small")
    assert client.get("/v1/models/openai/whisper-small").json()["id"] == "openai/whisper-small"


def test_other_model_is_not_found_in_openais_form() -> None:
    answer = served().get("/v1/models/whisper-1")
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")


def test_our_own_account_of_the_model_is_json() -> None:
    sent = served().get("/v1/model").json()
    assert (sent["version"], sent["state"], sent["loaded_at"]) == ("fake-1", "steady", LOADED.isoformat())


def test_several_models_are_listed_by_name_loaded_or_not() -> None:
    app = FastAPI()
    add_model_routes(app, FakeTranscriber(version=None, others=("radiologie",)))
    client = TestClient(app)
    listed = client.get("/v1/models").json()["data"]
    assert [(each["id"], each["loaded"], each["version"]) for each in listed] == [
        ("fake", False, None), ("radiologie", True, "radiologie-1")
    ]  # fmt: skip
    assert client.get("/v1/models/radiologie").json()["version"] == "radiologie-1"
    assert client.get("/v1/model", params={"name": "radiologie"}).json()["name"] == "radiologie"
