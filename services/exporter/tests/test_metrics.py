"""The exporter's metrics are there before the first export, so that an alert sees its increase."""

from carabin.exporter.metrics import STATES, ExporterMetrics
from prometheus_client import CollectorRegistry


def test_every_outcome_stands_at_zero_before_the_first_export() -> None:
    registry = CollectorRegistry()
    ExporterMetrics(registry)
    shown = {state: registry.get_sample_value("carabin_exporter_exports_total", {"state": state}) for state in STATES}
    assert shown == {"done": 0, "failed": 0, "crashed": 0, "cancelled": 0, "busy": 0, "skipped": 0}
