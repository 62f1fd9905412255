"""Who may read what the page needs: the origin is checked before the token, and a refusal has its own code."""

import pytest
from carabin.service.access.identity import Authenticator, Identity, StaticKeys
from carabin.service.errors import TokenExpired
from carabin.transcriber.web.access import PageAccess
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import JSONResponse

KEY = "une-clef-de-test-assez-longue"
KNOWN = {"Authorization": f"Bearer {KEY}"}
FOREIGN = {"Origin": "https://elsewhere.example"}


def served(access: PageAccess) -> TestClient:
    app = FastAPI()

    async def who(request: Request) -> JSONResponse:
        return JSONResponse((await access.identify(request)).name)

    app.add_api_route("/who", who, response_model=None)
    app.add_api_route("/access", access.check, methods=["POST"], response_model=None)
    return TestClient(app)


@pytest.fixture
def client() -> TestClient:
    return served(PageAccess(StaticKeys([("alice", KEY)]), ["https://dossier.example"]))


def test_without_an_authenticator_everybody_is_anonymous() -> None:
    client = served(PageAccess())
    assert client.get("/who").json() == "anonymous"
    assert client.post("/access", headers=FOREIGN).status_code == 403


def test_holder_of_a_key_is_known_by_its_name(client: TestClient) -> None:
    assert client.get("/who", headers=KNOWN).json() == "alice"


def test_whoever_may_dictate_gets_an_empty_answer(client: TestClient) -> None:
    for origin in ({}, {"Origin": "https://dossier.example"}, {"Origin": "http://testserver"}):
        answer = client.post("/access", headers=KNOWN | origin)
        assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Bearer wrong-key-of-some-length"}, 401, "unauthenticated"),
        ({"Authorization": KEY}, 401, "unauthenticated"),
        (KNOWN | FOREIGN, 403, "forbidden"),
    ],
)
def test_refusal_has_its_status_and_code_and_repeats_no_token(
    client: TestClient, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post("/access", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert KEY not in answer.text
    assert "wrong-key" not in answer.text


class _Expired:
    """Knows only tokens that are over, and counts how often it was asked."""

    required = True
    asked = 0

    async def identify(self, token: str | None) -> Identity:
        self.asked += 1
        raise TokenExpired("the token has expired")


def test_foreign_page_is_refused_before_its_token_is_looked_at() -> None:
    authenticator = _Expired()
    known: Authenticator = authenticator
    client = served(PageAccess(known))
    assert client.post("/access", headers=KNOWN | FOREIGN).status_code == 403
    assert authenticator.asked == 0
    assert client.post("/access", headers=KNOWN).json()["code"] == "token_expired"
