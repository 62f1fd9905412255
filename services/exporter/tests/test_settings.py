"""A setting that could only fail later is refused at start, with its variable and what is allowed."""

import pytest
from carabin.exporter.settings import ExporterSettings
from carabin.service.errors import SettingInvalid


@pytest.mark.parametrize("forms", ['["float61"]', "[]", '["float16", "int4"]'])
def test_a_form_that_does_not_exist_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, forms: str) -> None:
    monkeypatch.setenv("CARABIN_EXPORTER_QUANTIZATIONS", forms)
    with pytest.raises(SettingInvalid, match=r"CARABIN_EXPORTER_QUANTIZATIONS=.*one or more of float16, float32"):
        ExporterSettings.load()


@pytest.mark.parametrize("name", ["../cardio", "cardio/2", ""])
def test_a_model_name_that_no_object_can_have_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CARABIN_EXPORTER_MODEL_NAME", name)
    with pytest.raises(SettingInvalid, match="CARABIN_EXPORTER_MODEL_NAME"):
        ExporterSettings.load()


def test_forms_and_names_that_exist_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_EXPORTER_QUANTIZATIONS", '["float16", "int8_float16"]')
    assert ExporterSettings.load(model_name="cardio").quantizations == ("float16", "int8_float16")
