"""The store's settings: what no client could use is refused by name, and no secret is repeated."""

import re

import pytest
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import StoreNotConfigured
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings, describe_invalid, state_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from .helpers.notes import noted

pytestmark = pytest.mark.usefixtures("bare")


def test_a_bucket_name_alone_does_not_hide_the_embedded_store(monkeypatch: pytest.MonkeyPatch) -> None:
    with noted():
        monkeypatch.setenv("CARABIN_STORE_MODELS_BUCKET", "modeles")
        assert store_settings().models_bucket == "modeles"


@pytest.fixture
def keys(bare: None, monkeypatch: pytest.MonkeyPatch) -> None:
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


class Thresholds(BaseSettings):
    """Settings with a list and a secret."""

    model_config = SettingsConfigDict(env_prefix="CARABIN_TEST_")

    levels: tuple[float, ...] = ()
    token: SecretStr | None = Field(default=None, max_length=3)


def sentence(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> str:
    monkeypatch.setenv(variable, value)
    with pytest.raises((ValidationError, SettingsError)) as caught:
        Thresholds()
    missing, found = describe_invalid(caught.value, Thresholds)
    assert missing is None
    return found


def test_a_list_that_is_no_json_is_shown_how_one_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sentence(monkeypatch, "CARABIN_TEST_LEVELS", "1,2").startswith(
        "CARABIN_TEST_LEVELS cannot be read: it is written as JSON, such as [1, 0.5]"
    )


def test_a_secret_that_does_not_fit_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sentence(monkeypatch, "CARABIN_TEST_TOKEN", "hunter2")
    assert found.startswith("CARABIN_TEST_TOKEN: ")
    assert "hunter2" not in found


def test_a_note_that_cannot_be_read_names_no_store() -> None:
    state_path().parent.mkdir()
    state_path().write_text("{")
    with pytest.raises(ValidationError, match="access_key"):
        StoreSettings()
