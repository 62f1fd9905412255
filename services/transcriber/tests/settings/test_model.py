"""Which models are served is one clear choice, or one clear error."""

import pytest
from carabin.service.errors import SettingInvalid
from carabin.transcriber.settings.model import TranscriberSettings


def test_unset_serves_the_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODEL_NAME", "base")
    assert TranscriberSettings.load().model_names == ("base",)


def test_names_keep_their_order_and_lose_their_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", "radiologie, cardiologie")
    assert TranscriberSettings.load().model_names == ("radiologie", "cardiologie")


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ("cardiologie,,radiologie", "a name is empty"),
        ("cardiologie,", "a name is empty"),
        ("cardiologie,cardiologie", "cardiologie stands in it twice"),
        ("cardiologie,../radiologie", "'../radiologie' is no model's name"),
    ],
)
def test_list_that_cannot_be_meant_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, models: str, reason: str
) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", models)
    with pytest.raises(SettingInvalid, match=r"CARABIN_TRANSCRIBER_MODELS=") as refused:
        TranscriberSettings.load()
    assert reason in str(refused.value)


def test_names_and_a_folder_exclude_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", "cardiologie,radiologie")
    with pytest.raises(SettingInvalid, match="models and model_dir exclude each other"):
        TranscriberSettings.load(model_dir="/models/one")


def test_names_stand_in_place_of_the_one_name_that_manifests_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODEL_NAME", "carabin")
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", "cardiologie,radiologie")
    assert TranscriberSettings.load().model_names == ("cardiologie", "radiologie")
