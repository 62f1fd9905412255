"""Settings come from the environment, explain themselves, and refuse with a sentence."""

from pathlib import Path
from typing import Literal

import pytest
from carabin.service.errors import SettingInvalid
from carabin.service.settings import ServiceSettings
from pydantic import Field, SecretStr


class SampleServiceSettings(ServiceSettings):
    port: int = Field(default=9092, description="gRPC port")
    folder: Path | None = Field(default=None, description="scratch folder")
    mode: Literal["fast", "exact"] = Field(default="fast", description="how")
    forms: tuple[str, ...] = Field(default=("float16", "int8"), description="which")
    eager: bool = Field(default=True, description="start at once")
    token: SecretStr = Field(description="who we are")
    spare: SecretStr = Field(default=SecretStr("hidden"), description="who we may be")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_SAMPLE_SERVICE_TOKEN", "t")


def test_the_prefix_is_the_classs_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_SAMPLE_SERVICE_PORT", "1234")
    monkeypatch.setenv("CARABIN_SAMPLE_SERVICE_UNKNOWN", "ignored")
    assert SampleServiceSettings.load().port == 1234
    assert SampleServiceSettings.load(port=5).port == 5
    monkeypatch.setenv("CARABIN_SAMPLE_SERVICE_FORMS", '["int8"]')
    assert SampleServiceSettings.load().forms == ("int8",), "written as the table shows it"


def test_the_table_says_all_but_secrets() -> None:
    rows = {row.variable: (row.type, row.default, row.description) for row in SampleServiceSettings.table()}
    assert rows == {
        "CARABIN_SAMPLE_SERVICE_LOG_LEVEL": (
            "str",
            "INFO",
            "least level that is logged: DEBUG, INFO, WARNING or ERROR; set DEBUG to follow one fault",
        ),
        "CARABIN_SAMPLE_SERVICE_PORT": ("int", "9092", "gRPC port"),
        "CARABIN_SAMPLE_SERVICE_FOLDER": ("Path | None", "", "scratch folder"),
        "CARABIN_SAMPLE_SERVICE_MODE": ("Literal['fast', 'exact']", "fast", "how"),
        "CARABIN_SAMPLE_SERVICE_FORMS": ("tuple[str, ...]", '["float16", "int8"]', "which"),
        "CARABIN_SAMPLE_SERVICE_EAGER": ("bool", "true", "start at once"),
        "CARABIN_SAMPLE_SERVICE_TOKEN": ("secret", "required", "who we are"),
        "CARABIN_SAMPLE_SERVICE_SPARE": ("secret", "(secret)", "who we may be"),
    }


def test_a_setting_that_does_not_parse_or_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_SAMPLE_SERVICE_PORT", "many")
    with pytest.raises(SettingInvalid, match=r"CARABIN_SAMPLE_SERVICE_PORT='many': Input should be a valid integer"):
        SampleServiceSettings.load()
    monkeypatch.delenv("CARABIN_SAMPLE_SERVICE_PORT")
    monkeypatch.delenv("CARABIN_SAMPLE_SERVICE_TOKEN")
    with pytest.raises(SettingInvalid, match="CARABIN_SAMPLE_SERVICE_TOKEN is not set"):
        SampleServiceSettings.load()


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_SAMPLE_SERVICE_FORMS", "int8,float16")
    with pytest.raises(SettingInvalid, match="CARABIN_SAMPLE_SERVICE_FORMS cannot be read: it is written as JSON"):
        SampleServiceSettings.load()


def test_a_secret_that_does_not_parse_is_not_repeated() -> None:
    with pytest.raises(SettingInvalid, match="CARABIN_SAMPLE_SERVICE_TOKEN: ") as caught:
        SampleServiceSettings.load(token=["hidden"])
    assert "hidden" not in str(caught.value)


def test_a_log_level_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingInvalid, match="LOG_LEVEL"):
        ServiceSettings.load(log_level="BAVARD")
    assert ServiceSettings.load(log_level="debug").log_level == "debug"
