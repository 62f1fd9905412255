"""The job that makes buckets, users and policies."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from carabin.cli.admin.bootstrap import (
    USERS,
    BootstrapRefused,
    MinioUsers,
    User,
    make_buckets,
    make_users,
    patient,
    users_from,
)
from carabin.registry.errors import AccessDenied, StoreUnreachable
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from pydantic import SecretStr

SETTINGS = StoreSettings(endpoint="127.0.0.1:9", access_key="admin", secret_key=SecretStr("secret-of-the-admin"))


class RecordedUsers:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.policies: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.attached: dict[str, str] = {}

    def put_policy(self, name: str, document: str) -> None:
        self.policies[name] = document

    def put_user(self, access_key: str, secret_key: str) -> None:
        self.keys[access_key] = secret_key

    def set_policy(self, access_key: str, policy: str) -> None:
        self.attached[access_key] = policy


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    for user in USERS:
        (tmp_path / f"{user}.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [], "Id": user}))
    return tmp_path


def environment() -> dict[str, str]:
    return {
        f"{user.upper()}_CARABIN_STORE_{name}": f"{user}-{name.lower()}"
        for user in USERS
        for name in ("ACCESS_KEY", "SECRET_KEY")
    }


def test_a_fresh_store_gets_its_buckets_and_running_again_changes_nothing() -> None:
    store = MemoryStore()
    first = list(make_buckets(store, SETTINGS))
    store.put("models", "kept", b"1")
    assert list(make_buckets(store, SETTINGS)) == first
    assert store.list("models", "") == ["kept"]


def test_each_user_has_its_own_key_and_its_own_policy(policies: Path) -> None:
    admin = RecordedUsers()
    list(make_users(admin, users_from(environment()), policies))
    assert admin.attached == {f"{user}-access_key": f"carabin-{user}" for user in USERS}
    assert json.loads(admin.policies["carabin-trainer"])["Id"] == "trainer"
    assert admin.keys["transcriber-access_key"] == "transcriber-secret_key"


def test_a_missing_key_is_named(policies: Path) -> None:
    incomplete = environment() | {"PROMOTER_CARABIN_STORE_SECRET_KEY": ""}
    with pytest.raises(BootstrapRefused, match="PROMOTER_CARABIN_STORE_SECRET_KEY"):
        users_from(incomplete)


@pytest.mark.parametrize("content", [None, "{"])
def test_a_missing_or_broken_policy_is_named_before_its_user_is_made(content: str | None, policies: Path) -> None:
    (policies / "exporter.json").unlink()
    if content is not None:
        (policies / "exporter.json").write_text(content)
    admin = RecordedUsers()
    with pytest.raises(BootstrapRefused, match=r"exporter\.json"):
        list(make_users(admin, users_from(environment()), policies))
    assert admin.keys == {}


def test_a_store_that_starts_late_is_waited_for_and_a_refusal_is_not() -> None:
    now, answers = [0.0], [StoreUnreachable("away"), StoreUnreachable("away")]

    def step() -> list[str]:
        if answers:
            raise answers.pop()
        return ["done"]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    assert patient(step, 60.0, lambda: now[0], sleep) == ["done"]
    assert now[0] > 0

    def refused() -> list[str]:
        raise AccessDenied("wrong key")

    before = now[0]
    with pytest.raises(AccessDenied):
        patient(refused, 60.0, lambda: now[0], sleep)
    assert now[0] == before


def test_a_store_that_never_starts_is_named_at_the_end() -> None:
    now = [0.0]

    def step() -> list[str]:
        raise StoreUnreachable("store:9000: the object store does not answer")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(StoreUnreachable, match="store:9000"):
        patient(step, 10.0, lambda: now[0], sleep)
    assert now[0] >= 10


class _Admin(BaseHTTPRequestHandler):
    """Answers like MinIO's admin API, or like a store that has none."""

    status = 200
    seen: list[tuple[str, dict[str, list[str]], bytes]]

    def do_PUT(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append((url.path, parse_qs(url.query), body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def admin_server() -> Iterator[tuple[type[_Admin], MinioUsers]]:
    handler = type("Admin", (_Admin,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"127.0.0.1:{server.server_port}"
    yield handler, MinioUsers(SETTINGS.model_copy(update={"endpoint": endpoint, "secure": False}))
    server.shutdown()
    server.server_close()
    thread.join()


def test_minio_is_asked_by_its_admin_api_and_no_secret_travels_in_clear(
    admin_server: tuple[type[_Admin], MinioUsers], policies: Path
) -> None:
    handler, admin = admin_server
    list(make_users(admin, [User("trainer", "carabin-trainer", "secret-of-the-trainer")], policies))
    assert [(path, query) for path, query, _ in handler.seen] == [
        ("/minio/admin/v3/add-canned-policy", {"name": ["carabin-trainer"]}),
        ("/minio/admin/v3/add-user", {"accessKey": ["carabin-trainer"]}),
        (
            "/minio/admin/v3/set-user-or-group-policy",
            {"userOrGroup": ["carabin-trainer"], "isGroup": ["false"], "policyName": ["carabin-trainer"]},
        ),
    ]
    assert json.loads(handler.seen[0][2])["Id"] == "trainer"
    assert b"secret-of-the-trainer" not in b"".join(body for _, _, body in handler.seen)


def test_a_store_without_that_api_is_recognised_and_the_way_out_is_said(
    admin_server: tuple[type[_Admin], MinioUsers],
) -> None:
    handler, admin = admin_server
    handler.status = 404
    with pytest.raises(BootstrapRefused, match="--buckets-only"):
        admin.put_user("carabin-trainer", "secret-of-the-trainer")
