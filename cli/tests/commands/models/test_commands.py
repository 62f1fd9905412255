"""`carabin models` shows a person, and a machine, what is in the registry, and refuses what would harm."""

import json

import pytest
import typer
from carabin.cli.commands import lexicon, models
from carabin.cli.commands.models.rows import SHOWN
from carabin.cli.main import main
from carabin.registry.layout import manifest_key
from typer.main import get_command
from typer.testing import CliRunner

from ...conftest import words
from .conftest import Registry


def test_show_and_diff_say_what_a_version_is_and_how_it_differs(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    old, new = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "show", old]) == 0
    shown = words(capfd.readouterr().out)
    assert "int8, 80 mel bins, 51865 tokens" in shown
    assert "file model.bin 9 B, sha256" in shown
    assert main(["models", "diff", old, new]) == 0
    shown = words(capfd.readouterr().out)
    assert "wer 0.200 0.100 -0.100 better" in shown
    assert "source.run: run-0 -> run-1" in shown
    assert "Files that differ: model.bin" in shown
    assert main(["models", "diff", old, new, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["files"] == ["model.bin"]


@pytest.mark.parametrize(
    "command",
    ["list", "show", "diff", "promote", "rollback", "stage", "log", "repair", "prune", "sweep", "verify"],
)
def test_every_command_explains_itself_with_an_example(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", command, "--help"]) == 0
    assert f"Example: carabin models {command}" in words(capfd.readouterr().out)


def test_a_manifest_that_cannot_be_read_is_named_and_hides_nothing(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, good = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "promote", broken, "--reason", "r"]) == 0
    key = manifest_key("cardio", broken)
    tags = registry.tags(broken)
    registry.store.put(registry.bucket, key, b"{")
    registry.store.set_tags(registry.bucket, key, tags)
    capfd.readouterr()
    assert main(["models", "list"]) == 0
    shown = capfd.readouterr()
    assert good in shown.out
    assert f"{broken}/manifest.json: document: Invalid JSON" in words(shown.err)
    assert main(["models", "show", broken]) == 1
    assert main(["models", "promote", good, "--reason", "the other one is broken"]) == 0


def test_more_versions_and_changes_than_a_screen_holds_are_listed_on_demand(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    versions = [registry.publish(0.1) for _ in range(SHOWN + 3)]
    for version in versions[:2]:
        assert main(["models", "promote", version, "--reason", "good"]) == 0
    capfd.readouterr()
    assert main(["models", "list"]) == 0
    table = capfd.readouterr().out
    assert f"{SHOWN + 3} versions, {SHOWN + 1} shown" in table
    assert versions[1] in table, "in production, however old"
    assert versions[0] not in table
    assert main(["models", "list", "--all"]) == 0
    assert versions[0] in capfd.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)) == SHOWN + 3


@pytest.mark.parametrize("command", ["list", "log"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_model_that_is_not_there_is_an_error_that_names_those_that_are(
    registry: Registry, capfd: pytest.CaptureFixture[str], command: str, form: list[str]
) -> None:
    registry.publish(0.2)
    registry.publish(0.2, name="radio")
    assert main(["models", command, "--model", "cardoi", *form]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "holds no model 'cardoi'; it holds cardio, radio" in words(captured.err)
    assert main(["models", command, "--model", "cardio", *form]) == 0


@pytest.mark.parametrize("app", [models.app, lexicon.app])
def test_quoted_example_stands_on_one_line_of_a_narrow_terminal(app: typer.Typer) -> None:
    commands = getattr(get_command(app), "commands")  # noqa: B009 - of a group, which the type does not say
    quoted = {name: command.epilog for name, command in commands.items() if set("'\"") & set(command.epilog or "")}
    assert {"promote", "rollback"} <= quoted.keys()
    for name, example in quoted.items():
        shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).output
        assert example in shown, name
