"""Grafana's own models of a dashboard read ours whole."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from .render import ROOT


def dashboard() -> dict[str, Any]:
    return json.loads((ROOT / "monitoring/grafana/dashboards/carabin.json").read_text(encoding="utf-8"))


def read_by_grafana(given: dict[str, Any]) -> Any:
    """Return what is left of a dashboard behind Grafana's models; they drop what they do not know."""
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(given)))


def not_read(given: Any, read: Any, path: str = "") -> Iterator[str]:
    """Name each field of `given` that `read` lacks or has otherwise."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            yield from not_read(value, read.get(name), f"{path}/{name}")
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for place, value in enumerate(given):
            yield from not_read(value, read[place], f"{path}/{place}")
    elif given != read:
        yield path


def test_grafana_knows_every_field_of_the_dashboard() -> None:
    assert list(not_read(dashboard(), read_by_grafana(copy.deepcopy(dashboard())))) == []


@pytest.mark.parametrize("place", ["dashboard", "panel", "target"])
def test_field_that_grafana_does_not_know_is_named(place: str) -> None:
    given = dashboard()
    panel = next(panel for panel in given["panels"] if panel.get("targets"))
    {"dashboard": given, "panel": panel, "target": panel["targets"][0]}[place]["exprr"] = "up"
    assert [path.rsplit("/", 1)[-1] for path in not_read(given, read_by_grafana(copy.deepcopy(given)))] == ["exprr"]


def test_the_dashboards_are_looked_for_where_compose_puts_them() -> None:
    file = ROOT / "monitoring/grafana/provisioning/dashboards/carabin.yml"
    [provider] = yaml.safe_load(file.read_text(encoding="utf-8"))["providers"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert provider["type"] == "file"
    path = provider["options"]["path"]
    assert f"./monitoring/grafana/dashboards:{path}:ro" in compose["services"]["grafana"]["volumes"]


def test_every_panel_asks_the_data_source_that_is_provisioned() -> None:
    file = ROOT / "monitoring/grafana/provisioning/datasources/prometheus.yml"
    [source] = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    asked = {(panel["datasource"]["type"], panel["datasource"]["uid"]) for panel in dashboard()["panels"]}
    assert asked == {(source["type"], source["uid"])}
