"""Alerts, dashboard and documentation speak of series that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml
from carabin.cli.commands.models.rollout.metrics import RolloutMetrics
from carabin.exporter.metrics import ExporterMetrics
from carabin.service.threads import ThreadSupervisor
from carabin.trainer.runtime.gauges import Gauges
from carabin.transcriber.corrections.metrics import CorrectionMetrics
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.updater import ModelUpdater
from carabin.transcriber.wire.metrics import WireMetrics
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from .render import ROOT, identity, render, script

OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that it adds, and that of every histogram."""


def labels() -> dict[str, set[str]]:
    """Return every name under which our services show something, and the labels that it has."""
    registry = CollectorRegistry()
    shown: dict[str, set[str]] = {}
    owners = (Metrics, WireMetrics, CorrectionMetrics, ExporterMetrics, Gauges, RolloutMetrics, ThreadSupervisor)
    for metrics in owners:
        for metric in vars(metrics(registry)).values():
            if isinstance(metric, MetricWrapperBase):
                [family] = metric.describe()
                suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
                shown |= {family.name + suffix: set(metric._labelnames) for suffix in suffixes}
    return shown


def series() -> set[str]:
    return set(labels())


def strange_labels(expression: str) -> set[str]:
    """Return the labels that an expression selects or groups by and that none of its series has."""
    known = labels()
    strange: set[str] = set()
    for name, selectors in re.findall(r"(carabin_[a-z_]+)\{([^}]*)\}", expression):
        strange |= set(re.findall(r"(\w+)\s*[=!]", selectors)) - known[name] - OF_PROMETHEUS
    there = set().union(*(known[name] for name in named(expression))) | OF_PROMETHEUS
    for grouped in re.findall(r"\b(?:by|on|without|ignoring) \(([^)]*)\)", expression):
        strange |= {label.strip() for label in grouped.split(",")} - there
    return strange


def named(text: str) -> set[str]:
    return set(re.findall(r"\bcarabin_(?:transcriber|exporter|trainer|thread|rollout)_[a-z_]+", text))


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((ROOT / "monitoring/alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_every_alert_asks_for_series_that_exist() -> None:
    for alert in alerts():
        assert named(alert["expr"]) <= series(), alert["alert"]
        assert strange_labels(alert["expr"]) == set(), alert["alert"]


def test_what_an_alert_counts_is_shown_before_it_happens_for_the_first_time() -> None:
    transcriber = Metrics()
    ModelUpdater("whisper", Mock(), Mock(), transcriber, ThreadSupervisor())
    exporter = CollectorRegistry()
    ExporterMetrics(exporter)
    shown = [
        (sample.name, sample.labels, sample.value)
        for registry in (transcriber.registry, exporter)
        for family in registry.collect()
        for sample in family.samples
    ]
    for alert in alerts():
        for name, wanted in re.findall(r'increase\((\w+)(?:{\w+=~?"([^"]*)"})?', alert["expr"]):
            for value in wanted.split("|"):
                assert [at for n, has, at in shown if n == name and (not value or value in has.values())] == [0.0], (
                    alert["alert"],
                    value,
                )


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
            assert strange_labels(target["expr"]) == set(), panel["title"]
            shown = re.findall(r"{{\s*(\w+)\s*}}", target.get("legendFormat", ""))
            assert set(shown) <= set(re.findall(r"\w+", target["expr"])) | {"run", "phase", "metric", "instance"}
            assert panel["datasource"]["uid"] == "carabin-prometheus"


def test_the_guide_to_metrics_names_them_all_and_no_other() -> None:
    documented = named((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
    base = {re.sub(r"_(bucket|sum|count)$", "", name): has for name, has in labels().items()}
    assert documented == set(base)


def test_the_guide_to_metrics_names_their_labels() -> None:
    base = {re.sub(r"_(bucket|sum|count)$", "", name): has for name, has in labels().items()}
    rows = re.findall(
        r"^\| `(carabin_\w+)` \| \w+((?:, `\w+`)*) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE
    )
    assert {name: set(re.findall(r"`(\w+)`", listed)) for name, listed in rows} == base


def test_every_alert_is_seen_to_fire_in_its_own_tests() -> None:
    tests = yaml.safe_load((ROOT / "monitoring/alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == {alert["alert"] for alert in alerts()}


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


def test_what_is_scraped_is_a_port_that_is_open_and_kube_prometheus_stack_sees_it(tree: Path) -> None:
    site = tree / "overlays" / "site-prometheus"
    site.mkdir()
    components = [f"../../components/{name}" for name in ("secrets", "servicemonitor", "kube-prometheus-stack")]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": ["../../base"], "components": components,
    }  # fmt: skip
    (site / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    manifests = render(site)
    named = {port["name"]: manifest for manifest in manifests if manifest["kind"] == "Service"
             for port in manifest["spec"]["ports"]}  # fmt: skip
    found = [manifest for manifest in manifests if manifest["apiVersion"] == "monitoring.coreos.com/v1"]
    assert {manifest["kind"] for manifest in found} == {"PodMonitor", "PrometheusRule", "ServiceMonitor"}
    for manifest in found:
        assert manifest["metadata"]["labels"]["release"] == "kube-prometheus-stack", identity(manifest)
        for endpoint in manifest["spec"].get("endpoints", []):
            assert endpoint["port"] == "metrics"
            assert "metrics" in named


def test_both_ways_of_training_wait_in_the_same_queue(tree: Path) -> None:
    job = yaml.safe_load((ROOT / "k8s/components/trainjob/job.yaml").read_text(encoding="utf-8"))
    component = yaml.safe_load((ROOT / "k8s/components/kueue/kustomization.yaml").read_text(encoding="utf-8"))
    cron = yaml.safe_load(component["patches"][0]["patch"])
    label = "kueue.x-k8s.io/queue-name"
    assert job["metadata"]["labels"][label] == cron["spec"]["jobTemplate"]["metadata"]["labels"][label]
