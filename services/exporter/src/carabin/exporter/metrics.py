"""The exporter's Prometheus metrics."""

from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

STAGE_SECONDS: Final = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
"""From the tiny model's conversion to the validation of large-v3 on a busy CPU."""


STATES: Final = ("done", "failed", "crashed", "cancelled", "busy", "skipped")
"""How an export may end here."""


class ExporterMetrics:
    """Counts exports by outcome, and how long their stages take.

    Args:
        registry: where they are registered; a test brings its own.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.exports = Counter(
            "carabin_exporter_exports", "exports that ended here, by outcome", ["state"], registry=registry
        )
        for state in STATES:
            # There from the start: of a series that begins with its first event, Prometheus sees no increase.
            self.exports.labels(state)
        self.stage_seconds = Histogram(
            "carabin_exporter_stage_seconds", "time in each stage", ["stage"], buckets=STAGE_SECONDS, registry=registry
        )
        self.waiting = Gauge("carabin_exporter_waiting", "exports that wait here", registry=registry)
        self.running = Gauge("carabin_exporter_running", "exports under way here: 0 or 1", registry=registry)
        self.watch_errors = Counter(
            "carabin_exporter_watch_errors", "looks for checkpoints that the store did not answer", registry=registry
        )
        self.last_look = Gauge(
            "carabin_exporter_last_look_timestamp_seconds", "when checkpoints were last looked for", registry=registry
        )
