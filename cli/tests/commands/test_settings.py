"""`carabin settings` documents each setting once, from its class."""

import json
import sys

import pytest
from carabin.cli.main import main

from ..conftest import words


def test_the_stores_settings_are_a_table_and_the_secret_has_no_value(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "store"]) == 0
    shown = words(capfd.readouterr().out)
    assert "CARABIN_STORE_ENDPOINT str 127.0.0.1:8333 host:port of any S3 store" in shown
    assert "CARABIN_STORE_SECRET_KEY secret required S3 secret key; never printed" in shown


def test_machines_get_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "store", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert rows[0] == {
        "variable": "CARABIN_STORE_ENDPOINT",
        "type": "str",
        "default": "127.0.0.1:8333",
        "description": "host:port of any S3 store, http:// or https:// before it sets `secure`; "
        "set it where the store is no embedded one",
    }
    assert all(row["description"] for row in rows)


def test_an_unknown_service_is_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "kitchen"]) == 2
    assert "'kitchen' is not one of" in words(capfd.readouterr().err)


@pytest.mark.parametrize("service", ["trainer", "exporter", "transcriber"])
def test_each_service_documents_every_setting(service: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", service, "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert rows
    assert [row["variable"] for row in rows if not row["description"]] == []
    prefixes = (f"CARABIN_{service.upper()}_", *(("CARABIN_SIGNING_",) if service == "exporter" else ()))
    assert all(row["variable"].startswith(prefixes) for row in rows)


def test_the_exporter_shows_the_keys_that_it_signs_with(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "exporter"]) == 0
    shown = words(capfd.readouterr().out)
    assert "CARABIN_SIGNING_KEY" in shown
    assert "CARABIN_SIGNING_TRUSTED" in shown


def test_the_transcriber_shows_its_model_its_wire_and_its_page_and_nothing_twice(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["settings", "transcriber", "--json"]) == 0
    variables = [row["variable"] for row in json.loads(capfd.readouterr().out)]
    assert {f"CARABIN_TRANSCRIBER_{name}" for name in ("MODEL_NAME", "PORT", "CORRECTIONS")} <= set(variables)
    assert len(variables) == len(set(variables))


def test_a_part_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "carabin.trainer.settings", None)
    assert main(["settings", "trainer"]) == 1
    assert "the settings of the trainer need the package" in capfd.readouterr().err
