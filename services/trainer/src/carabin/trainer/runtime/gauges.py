"""A run as Prometheus series, on the trainer's metrics port."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from .progress import RunEvent


class Gauges:
    """Listens to a run and keeps the series `carabin_trainer_*`."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._step = Gauge("carabin_trainer_step", "Optimizer steps taken", ["run"], registry=registry)
        self._done = Gauge(
            "carabin_trainer_phase_done_ratio", "Share of the current phase", ["run", "phase"], registry=registry
        )
        self._metric = Gauge(
            "carabin_trainer_metric", "Newest value of each metric", ["run", "metric"], registry=registry
        )
        self._record_failures = Counter(
            "carabin_trainer_record_failures_total",
            "Records of how the run stands that the store did not take",
            ["run"],
            registry=registry,
        )
        self._counted = 0

    def __call__(self, event: RunEvent) -> None:
        self._step.labels(event.run).set(event.step)
        if event.total:
            self._done.labels(event.run, event.phase).set(event.done / event.total)
        self._record_failures.labels(event.run).inc(event.record_failures - self._counted)
        self._counted = event.record_failures
        for name, value in event.metrics.items():
            self._metric.labels(event.run, name).set(value)
