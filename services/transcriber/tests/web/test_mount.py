"""The page's files and its data; what it does in a browser is tested in tests/browser."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from carabin.service.access.identity import StaticKeys
from carabin.transcriber import web
from carabin.transcriber.settings.web import WebSettings
from carabin.transcriber.web import mount_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

STATIC = Path(web.__file__).parent / "static"
FILES = sorted(file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*") if file.is_file())
OURS = [name for name in FILES if not name.startswith("vendor/")]
KEY = "une-clef-de-test-assez-longue"


def make_client(folder: Path, **settings: str) -> TestClient:
    (folder / "conclusion.txt").write_text("Examen du genou {côté=droit}.", "utf-8")
    app = FastAPI()
    mount_web(
        app,
        settings=WebSettings.load(autotext_dir=folder, **settings),
        vocabularies=lambda: ["cardiologie"],
        authenticator=StaticKeys([("alice", KEY)]),
    )
    return TestClient(app)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    client = make_client(tmp_path)
    client.headers["Authorization"] = f"Bearer {KEY}"
    return client


def test_every_file_comes_with_its_type_and_a_policy_against_foreign_code(client: TestClient) -> None:
    assert len(FILES) > 30
    for name in ["", *(f"web/{name}" for name in FILES)]:
        response = client.get(f"/{name}")
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    assert client.get("/web/js/app.js").headers["content-type"].startswith("text/javascript")


def test_head_is_answered_and_an_unchanged_file_is_not_sent_again(client: TestClient) -> None:
    assert client.head("/").status_code == 200
    tag = client.get("/web/js/app.js").headers["etag"]
    again = client.get("/web/js/app.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_unknown_or_climbing_names_are_not_found(client: TestClient) -> None:
    for name in ("nothing.js", "..%2fmount.py", "%2e%2e/mount.py", "js/%2e%2e/%2e%2e/mount.py", "settings.py"):
        assert client.get(f"/web/{name}").status_code == 404


def test_nothing_but_the_files_answers_without_a_token(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    assert client.get("/").status_code == 200
    for path in ("/web/settings.json", "/web/autotexts/conclusion"):
        assert client.get(path).status_code == 401
        assert "genou" not in client.get(path).text
    assert client.post("/web/access").status_code == 401


def test_page_may_be_shown_by_the_origins_that_the_site_names_alone(tmp_path: Path) -> None:
    client = make_client(tmp_path, page_parents="https://dossier.example/, https://autre.example")
    policy = client.get("/").headers["content-security-policy"]
    assert "frame-ancestors https://dossier.example https://autre.example;" in policy


def test_files_name_no_foreign_address_and_write_no_markup() -> None:
    for name in OURS:
        text = (STATIC / name).read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://", text), name
        assert "innerHTML" not in text, name
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"\bon\w+=|style=", page)


def test_libraries_are_those_whose_checksums_are_written_down() -> None:
    versions = json.loads((STATIC / "vendor/versions.json").read_text("utf-8"))
    modules = {name.removeprefix("vendor/").removesuffix(".js") for name in FILES if re.match(r"vendor/.*\.js$", name)}
    assert modules == set(versions)
    for name, version in versions.items():
        content = (STATIC / f"vendor/{name}.js").read_bytes()
        assert hashlib.sha256(content).hexdigest() == version["module_sha256"], name
        assert f"{name} {version['version']}" in (STATIC / "vendor/LICENSES.txt").read_text("utf-8")


def test_modules_are_small_and_import_files_that_are_there() -> None:
    for name in (name for name in OURS if name.endswith(".js")):
        text = (STATIC / name).read_text("utf-8")
        assert text.count("\n") < 300, name
        for target in re.findall(r'(?:from|import\() ?"(\.[^"]+)"|import "(\.[^"]+)"', text):
            assert ((STATIC / name).parent / "".join(target)).is_file(), (name, target)
