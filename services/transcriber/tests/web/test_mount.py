"""The page's files and what it is told; what it does in a browser is tested in tests/browser."""

import re
from pathlib import Path

import pytest
from carabin.transcriber import web
from carabin.transcriber.settings.web import WebSettings
from carabin.transcriber.web import mount_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

STATIC = Path(web.__file__).parent / "static"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "conclusion.txt").write_text("Examen du genou {côté=droit}.", "utf-8")
    app = FastAPI()
    mount_web(app, settings=WebSettings(autotext_dir=tmp_path), vocabularies=lambda: ["cardiologie"])
    return TestClient(app)


def test_every_file_comes_with_its_type_and_a_policy_against_foreign_code(client: TestClient) -> None:
    for name in ["", *(f"web/{file.name}" for file in STATIC.iterdir())]:
        response = client.get(f"/{name}")
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    assert client.get("/web/app.js").headers["content-type"].startswith("text/javascript")


def test_unknown_or_climbing_names_are_not_found(client: TestClient) -> None:
    for name in ("nothing.js", "..%2fmount.py", "%2e%2e/mount.py", "settings.py"):
        assert client.get(f"/web/{name}").status_code == 404


def test_page_is_told_vocabularies_autotexts_and_retention(client: TestClient) -> None:
    told = client.get("/web/settings.json").json()
    assert told == {"vocabularies": ["cardiologie"], "autotexts": {"conclusion": "conclusion"}, "retention": "none"}


def test_autotext_comes_with_its_defaults(client: TestClient) -> None:
    assert client.get("/web/autotexts/conclusion").json() == {"text": "Examen du genou droit."}
    assert client.get("/web/autotexts/rien").status_code == 404


def test_files_name_no_foreign_address_and_no_inline_code() -> None:
    for file in STATIC.iterdir():
        text = file.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://", text), file.name
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|style=", page)
    assert "innerHTML" not in "".join(file.read_text("utf-8") for file in STATIC.glob("*.js"))
