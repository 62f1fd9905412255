"""Settings come from the environment, else from the embedded store's note, else a sentence says what is missing."""

import pytest
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import StoreNotConfigured
from carabin.registry.s3_store import MinioStore

from .helpers.notes import noted

pytestmark = pytest.mark.usefixtures("bare")


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
