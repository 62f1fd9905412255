"""A version is named by any part that no other has, and a model by --model where there are several."""

import json
import pwd

import pytest
from carabin.cli.commands.models.context import AmbiguousName, pick_version
from carabin.cli.main import main
from carabin.registry.errors import VersionMissing
from carabin.registry.stages.promotions import read_log

from ...conftest import words
from .conftest import Registry

VERSIONS = ["20261101T000000Z-aaaaaaaaaaaa", "20261102T000000Z-abbbbbbbbbbb", "20261103T000000Z-cccccccccccc"]


@pytest.mark.parametrize(("text", "place"), [("latest", 2), (VERSIONS[0], 0), ("abb", 1), ("1103", 2), ("20261102", 1)])
def test_a_part_that_one_version_has_names_it(text: str, place: int) -> None:
    assert pick_version("cardio", VERSIONS, text) == VERSIONS[place]


def test_a_part_that_several_have_names_them_all() -> None:
    with pytest.raises(AmbiguousName, match=f"names 3 versions of cardio: {', '.join(VERSIONS)}"):
        pick_version("cardio", VERSIONS, "2026")


@pytest.mark.parametrize(("versions", "text"), [(VERSIONS, "zzz"), (VERSIONS, ""), ([], "latest")])
def test_what_names_none_says_so(versions: list[str], text: str) -> None:
    with pytest.raises(VersionMissing, match="cardio has no version"):
        pick_version("cardio", versions, text)


def test_what_was_typed_must_name_one_version_and_one_model(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 1
    assert "holds no model yet" in capfd.readouterr().err
    first, second = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "show", first[:4]]) == 1
    assert "names 2 versions of cardio" in capfd.readouterr().err
    assert main(["models", "show", "zzz"]) == 1
    assert "cardio has no version 'zzz'" in capfd.readouterr().err
    assert main(["models", "show", "latest", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["version"] == second
    registry.publish(0.1, name="neuro")
    assert main(["models", "list"]) == 1
    assert "there are 2 models: cardio, neuro; choose one with --model" in capfd.readouterr().err
    assert main(["models", "list", "--model", "cardio"]) == 0


def test_reason_and_name_are_logged_as_one_line(registry: Registry) -> None:
    version = registry.publish(0.2)
    by, reason = "dr\u2028a\n", "first\r\n\tversion,  \x1b[31mread over\n"
    assert main(["models", "promote", version, "--reason", reason, "--by", by]) == 0
    (record,) = read_log(registry.store, registry.bucket, "cardio")
    assert (record.by, record.reason) == ("dr a", "first version,   [31mread over")


def test_a_machine_without_a_name_for_its_user_asks_for_one(
    registry: Registry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    version = registry.publish(0.2)
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert main(["models", "promote", version, "--reason", "trial"]) == 2
    assert "--by" in words(capfd.readouterr().err)
    assert main(["models", "promote", version, "--reason", "trial", "--by", "dr.martin"]) == 0


def test_reason_of_line_breaks_alone_is_none(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "promote", registry.publish(0.2), "--reason", "\n\n"]) == 1
    assert "the reason is empty" in capfd.readouterr().err


@pytest.mark.parametrize(("length", "exit_code"), [(500, 0), (501, 2)])
def test_reason_is_as_long_as_a_log_can_show(
    registry: Registry, capfd: pytest.CaptureFixture[str], length: int, exit_code: int
) -> None:
    assert main(["models", "promote", registry.publish(0.2), "--reason", "x" * length]) == exit_code
    assert ("more than the 500" in words(capfd.readouterr().err)) == (exit_code == 2)
    assert len(read_log(registry.store, registry.bucket, "cardio")) == (exit_code == 0)
