"""What the page is sent: the site's choices, its texts and the words to say, for whoever may dictate alone."""

from collections.abc import Sequence

import pytest
from carabin.service.access.identity import StaticKeys
from carabin.transcriber.settings.web import WebSettings
from carabin.transcriber.web.access import PageAccess
from carabin.transcriber.web.autotexts import AutoText
from carabin.transcriber.web.options import add_options
from fastapi import FastAPI
from fastapi.testclient import TestClient

KEY = "une-clef-de-test-assez-longue"
KNEE = AutoText("conclusion", "genou", "Examen du genou {côté=droit}.")


def served(
    access: PageAccess, vocabularies: Sequence[str] = (), models: Sequence[str] = (), **settings: object
) -> TestClient:
    app = FastAPI()
    add_options(
        app,
        WebSettings(**settings),
        access=access,
        autotexts={"conclusion": KNEE},
        vocabularies=lambda: vocabularies,
        models=models,
        headers={"X-Policy": "ours"},
    )
    return TestClient(app)


@pytest.fixture
def client() -> TestClient:
    client = served(PageAccess(StaticKeys([("alice", KEY)])), ["cardiologie"])
    client.headers["Authorization"] = f"Bearer {KEY}"
    return client


def test_page_gets_what_the_site_offers_and_what_can_be_said(client: TestClient) -> None:
    sent = client.get("/web/settings.json").json()
    assert sent["vocabularies"] == ["cardiologie"]
    assert sent["autotexts"] == {"conclusion": "genou : conclusion"}
    assert sent["templates"] == {"conclusion": "Examen du genou {côté=droit}."}
    assert sent["author"] == "alice"
    assert (sent["retention"], sent["drafts"], sent["parents"]) == ("none", False, [])
    assert ["virgule", ","] in sent["signs"]
    assert ["à la ligne", "\n"] in sent["signs"]
    assert ["efface ça", "delete"] in sent["commands"]


def test_settings_of_the_site_reach_the_page() -> None:
    client = served(PageAccess(), page_idle_s=90, page_drafts=True, page_parents="https://dossier.example/")
    sent = client.get("/web/settings.json").json()
    assert (sent["idle_s"], sent["drafts"], sent["parents"]) == (90, True, ["https://dossier.example"])


def test_models_that_are_served_reach_the_page_with_the_default_first() -> None:
    client = served(PageAccess(), models=["radiologie", "cardiologie"])
    assert client.get("/web/settings.json").json()["models"] == ["radiologie", "cardiologie"]


def test_anonymous_reader_is_no_author() -> None:
    assert served(PageAccess()).get("/web/settings.json").json()["author"] is None


def test_vocabularies_are_asked_for_anew_each_time() -> None:
    known = ["cardiologie"]
    client = served(PageAccess(), known)
    assert client.get("/web/settings.json").json()["vocabularies"] == ["cardiologie"]
    known.append("radiologie")
    assert client.get("/web/settings.json").json()["vocabularies"] == ["cardiologie", "radiologie"]


def test_autotext_comes_with_its_defaults(client: TestClient) -> None:
    assert client.get("/web/autotexts/conclusion").json() == {"text": "Examen du genou droit."}


def test_unknown_autotext_is_named_in_part(client: TestClient) -> None:
    answer = client.get(f"/web/autotexts/{'x' * 500}")
    assert (answer.status_code, answer.json()["detail"]) == (404, f"there is no auto-text {'x' * 80!r}")


@pytest.mark.parametrize("path", ["/web/settings.json", "/web/autotexts/conclusion", "/web/autotexts/none"])
def test_stranger_learns_nothing_not_even_which_texts_there_are(client: TestClient, path: str) -> None:
    del client.headers["Authorization"]
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("path", ["/web/settings.json", "/web/autotexts/conclusion"])
def test_data_comes_under_the_pages_policy(client: TestClient, path: str) -> None:
    assert client.get(path).headers["X-Policy"] == "ours"
