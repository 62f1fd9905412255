"""Settings come from the environment, else from the embedded store's note, else a sentence says what is missing."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from carabin.registry.connect import connect, store_settings
from carabin.registry.embedded.state import alive_lock
from carabin.registry.errors import StoreNotConfigured
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import state_path


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "SECURE"):
        monkeypatch.delenv(f"CARABIN_STORE_{field}", raising=False)
    monkeypatch.setenv("CARABIN_DATA_DIR", str(tmp_path))


@contextmanager
def noted() -> Iterator[None]:
    """The note of an embedded store that runs, and the lock it holds."""
    state_path().parent.mkdir()
    state = {"endpoint": "127.0.0.1:20001", "access_key": "carabin", "secret_key": "noted", "secure": False, "pid": 1}
    state_path().write_text(json.dumps(state))
    with alive_lock(state_path().parent):
        yield


def test_the_embedded_store_is_found_by_its_note() -> None:
    with noted():
        settings = store_settings()
        assert (settings.endpoint, settings.secure) == ("127.0.0.1:20001", False)
        assert settings.secret_key.get_secret_value() == "noted"
        assert isinstance(connect(), MinioStore)


def test_the_environment_wins_whole_so_that_keys_never_go_to_another_store(monkeypatch: pytest.MonkeyPatch) -> None:
    with noted():
        monkeypatch.setenv("CARABIN_STORE_ENDPOINT", "minio.hospital.example:9000")
        with pytest.raises(StoreNotConfigured, match="CARABIN_STORE_ACCESS_KEY is not set"):
            connect()
        monkeypatch.setenv("CARABIN_STORE_ACCESS_KEY", "me")
        monkeypatch.setenv("CARABIN_STORE_SECRET_KEY", "mine")
        settings = store_settings()
        assert (settings.endpoint, settings.secure) == ("minio.hospital.example:9000", True)


def test_a_bucket_name_alone_does_not_hide_the_embedded_store(monkeypatch: pytest.MonkeyPatch) -> None:
    with noted():
        monkeypatch.setenv("CARABIN_STORE_MODELS_BUCKET", "modeles")
        assert store_settings().models_bucket == "modeles"


def test_a_note_of_a_store_that_does_not_run_is_not_trusted() -> None:
    with noted():
        pass
    with pytest.raises(StoreNotConfigured, match=r"store is not running: run `carabin store start`"):
        connect()


def test_without_any_store_the_sentence_says_what_to_do() -> None:
    with pytest.raises(StoreNotConfigured, match="run `carabin store start`"):
        connect()


def test_a_setting_that_does_not_parse_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with noted():
        monkeypatch.setenv("CARABIN_STORE_SECURE", "perhaps")
        monkeypatch.setenv("CARABIN_STORE_ACCESS_KEY", "me")
        monkeypatch.setenv("CARABIN_STORE_SECRET_KEY", "mine")
        with pytest.raises(StoreNotConfigured, match="CARABIN_STORE_SECURE='perhaps': Input should be a valid boolean"):
            connect()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_STORE_ACCESS_KEY", "me")
    monkeypatch.setenv("CARABIN_STORE_SECRET_KEY", "mine")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_an_endpoint_with_a_scheme_is_understood(scheme: str, secure: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_STORE_ENDPOINT", f"{scheme}://127.0.0.1:9000")
    settings = store_settings()
    assert (settings.endpoint, settings.secure) == ("127.0.0.1:9000", secure)
    assert isinstance(connect(), MinioStore)
    monkeypatch.setenv("CARABIN_STORE_SECURE", str(secure).lower())
    assert store_settings() == settings
    monkeypatch.setenv("CARABIN_STORE_SECURE", str(not secure).lower())
    with pytest.raises(StoreNotConfigured, match="contradict each other"):
        store_settings()


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ENDPOINT", "127.0.0.1:9000/models"),
        ("ENDPOINT", "127.0.0.1 :9000"),
        ("ENDPOINT", "127.0.0.1:99999"),
        ("ENDPOINT", ""),
        ("ACCESS_KEY", ""),
        ("REGION", "eu west"),
        ("MODELS_BUCKET", "My_Models"),
    ],
)
def test_what_no_client_could_use_is_refused_by_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CARABIN_STORE_{variable}", value)
    with pytest.raises(StoreNotConfigured, match=f"CARABIN_STORE_{variable}={re.escape(repr(value))}: "):
        connect()


@pytest.mark.usefixtures("keys")
def test_a_password_in_the_endpoint_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_STORE_ENDPOINT", "http://me:hidden@127.0.0.1:9000")
    with pytest.raises(StoreNotConfigured, match="holds a user or a password") as caught:
        connect()
    assert "hidden" not in str(caught.value)


def test_the_secret_is_never_printed() -> None:
    with noted():
        assert "noted" not in repr(store_settings())
