"""What changes which version serves: promotion, rollback, trial, each with who and why."""

import json

import pytest
from carabin.cli.main import main

from ...conftest import words
from .conftest import Registry


def test_a_version_is_promoted_listed_and_rolled_back(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    old, new = registry.publish(0.30), registry.publish(0.10)
    assert main(["models", "promote", old, "--reason", "first"]) == 0
    capfd.readouterr()
    assert main(["models", "promote", new[-12:], "--reason", "fewer errors", "--expect", old]) == 0
    shown = words(capfd.readouterr().out)
    assert "wer 0.300 0.100 -0.200 better" in shown
    assert f"promote {old} -> {new} by infirmier: fewer errors" in shown
    assert main(["models", "list"]) == 0
    table = capfd.readouterr().out
    assert table.index(new) < table.index(old), "newest first"
    assert "infirmier" in table
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [(row["version"], row["stage"], row["serves"]) for row in rows] == [
        (new, "production", True),
        (old, "archived", False),
    ]
    assert main(["models", "rollback", "--reason", "laterality errors"]) == 0
    assert registry.tags(old)["stage"] == "production"
    capfd.readouterr()
    assert main(["models", "log"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith(f"rollback {new} -> {old} by infirmier: laterality errors")


def test_worse_figures_are_shown_and_refused_until_forced_with_a_reason(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = registry.publish(0.10), registry.publish(0.30)
    assert main(["models", "promote", good, "--reason", "first"]) == 0
    capfd.readouterr()
    assert main(["models", "promote", bad, "--reason", "try"]) == 1
    shown = capfd.readouterr()
    assert "worse: refused unless forced" in words(shown.out)
    assert "wer 0.100 -> 0.300, term_recall 0.900 -> 0.700" in words(shown.err)
    assert registry.tags(bad) == {"stage": "candidate"}
    assert main(["models", "promote", bad, "--force"]) == 2, "a reason is wanted"
    capfd.readouterr()
    assert main(["models", "promote", bad, "--force", "--reason", "new scanner room", "--by", "Dr Roux", "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert (record["forced"], record["by"], record["reason"]) == (True, "Dr Roux", "new scanner room")
    assert record["metrics_delta"]["wer"] == pytest.approx(0.2)


def test_a_stale_expectation_is_refused(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "promote", first, "--reason", "r"]) == 0
    assert main(["models", "promote", second, "--reason", "r", "--expect", second]) == 1
    assert f"production is {first}, not {second}" in words(capfd.readouterr().err)


@pytest.mark.parametrize("option", ["--expect", "--to"])
def test_an_empty_guard_is_refused_and_not_dropped(
    registry: Registry, capfd: pytest.CaptureFixture[str], option: str
) -> None:
    """As of a variable of a script that is not set."""
    versions = [registry.publish(0.3), registry.publish(0.2), registry.publish(0.1)]
    for version in versions[:2]:
        assert main(["models", "promote", version, "--reason", "r"]) == 0
    command = ["promote", versions[2]] if option == "--expect" else ["rollback"]
    assert main(["models", *command, option, "", "--reason", "r"]) == 1
    assert "cardio has no version ''" in words(capfd.readouterr().err)
    assert registry.tags(versions[1])["stage"] == "production"


def test_a_canary_and_a_shadow_are_set_by_tags_and_never_on_production(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "promote", first, "--reason", "r"]) == 0
    assert main(["models", "stage", second, "canary", "--share", "0.25", "--reason", "two wards try it"]) == 0
    assert "25% of new sessions" in capfd.readouterr().out
    assert registry.tags(second) == {"stage": "canary", "canary-share": "0.25"}
    assert main(["models", "stage", second, "shadow", "--reason", "fewer patients", "--by", "dr-a"]) == 0
    assert registry.tags(second) == {"stage": "shadow"}
    assert main(["models", "stage", second, "canary", "--reason", "r"]) == 1
    assert "needs a share" in capfd.readouterr().err
    assert main(["models", "stage", first, "canary", "--share", "0.1", "--reason", "r"]) == 1
    assert "is in production" in words(capfd.readouterr().err)
    assert main(["models", "log"]) == 0
    logged = [words(line) for line in capfd.readouterr().out.splitlines()]
    assert [line.split()[:2] for line in logged] == [["promotion", "1"], ["stage", "1"], ["stage", "2"]]
    assert logged[1].endswith(f"canary 0.25 {second} by infirmier: two wards try it")
    assert logged[2].endswith(f"shadow {second} by dr-a: fewer patients")
    assert main(["models", "show", second]) == 0
    assert "two wards try it" in words(capfd.readouterr().out)


def test_a_stage_without_a_reason_is_wrong_usage(registry: Registry) -> None:
    assert main(["models", "stage", registry.publish(0.2), "shadow"]) == 2
