"""Alerts, dashboard and documentation speak of series that exist."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from carabin.exporter.metrics import ExporterMetrics
from carabin.trainer.progress_gauges import Gauges
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.wire_metrics import WireMetrics
from prometheus_client import CollectorRegistry

from .render import ROOT, script

SUFFIXES = ("_bucket", "_sum", "_count", "_total", "_created", "_info", "")


def series() -> set[str]:
    """Return every name under which our services show something."""
    registry = CollectorRegistry()
    for metrics in (Metrics, WireMetrics, ExporterMetrics, Gauges):
        metrics(registry)
    shown: set[str] = set()
    for metric in registry.collect():
        match metric.type:
            case "counter":
                shown.add(f"{metric.name}_total")
            case "histogram":
                shown |= {metric.name + suffix for suffix in ("_bucket", "_sum", "_count")}
            case _:
                shown.add(metric.name)
    return shown


def named(text: str) -> set[str]:
    return set(re.findall(r"\bcarabin_(?:transcriber|exporter|trainer)_[a-z_]+", text))


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((ROOT / "monitoring/alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_every_alert_asks_for_series_that_exist() -> None:
    for alert in alerts():
        assert named(alert["expr"]) <= series(), alert["alert"]


def test_every_alert_has_its_entry_in_the_operations_guide() -> None:
    headings = re.findall(r"^#+ (Carabin\w+)$", (ROOT / "docs/operations.md").read_text(), flags=re.MULTILINE)
    assert sorted(headings) == sorted(alert["alert"] for alert in alerts())
    for alert in alerts():
        assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"
        assert alert["labels"]["severity"] in ("page", "ticket")


def test_kubernetes_raises_the_same_alerts() -> None:
    rule = (ROOT / "k8s/components/servicemonitor/rules.yaml").read_text(encoding="utf-8")
    expected = script("alert_rules").prometheus_rule((ROOT / "monitoring/alerts.yml").read_text(encoding="utf-8"))
    assert rule == expected, "run python3 scripts/alert_rules.py"


def test_every_panel_of_the_dashboard_asks_for_series_that_exist() -> None:
    text = (ROOT / "monitoring/grafana/dashboards/carabin.json").read_text(encoding="utf-8")
    panels = json.loads(text)["panels"]
    assert panels
    for panel in panels:
        for target in panel.get("targets", []):
            assert named(target["expr"]) <= series(), panel["title"]
            assert panel["datasource"]["uid"] == "carabin-prometheus"


def test_the_guide_to_metrics_names_them_all_and_no_other() -> None:
    documented = named((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
    base = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series()}
    assert documented == base


def test_prometheus_itself_agrees() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH: the alerts' own tests are not run")
    done = subprocess.run(
        [promtool, "test", "rules", "alerts_test.yml"],
        cwd=ROOT / "monitoring",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_autoscalers_follow_series_that_exist() -> None:
    for component in ("hpa", "keda"):
        for path in (ROOT / "k8s/components" / component).glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            assert named(text) <= series(), path.name
            assert "carabin_transcriber_sessions" in text or path.name == "kustomization.yaml"
