"""Tests of a run as Prometheus gauges."""

from carabin.trainer.runtime.gauges import Gauges
from carabin.trainer.runtime.progress import Progress
from prometheus_client import CollectorRegistry


def ratio(registry: CollectorRegistry, phase: str) -> float | None:
    return registry.get_sample_value("carabin_trainer_phase_done_ratio", {"run": "r", "phase": phase})


def test_gauges_hold_the_newest_figures() -> None:
    registry = CollectorRegistry()
    progress = Progress("r", (Gauges(registry),))
    with progress.phase("train", 10) as advance:
        progress.metrics(4, {"loss": 0.75, "lr": 0.125})
        progress.metrics(5, {"loss": 0.5})
        advance(5, 10)
    assert registry.get_sample_value("carabin_trainer_step", {"run": "r"}) == 5
    assert registry.get_sample_value("carabin_trainer_metric", {"run": "r", "metric": "loss"}) == 0.5
    assert registry.get_sample_value("carabin_trainer_metric", {"run": "r", "metric": "lr"}) == 0.125
    assert ratio(registry, "train") == 0.5


def test_records_that_the_store_does_not_take_are_counted() -> None:
    registry = CollectorRegistry()
    progress = Progress("r", (Gauges(registry),))

    def counted() -> float | None:
        return registry.get_sample_value("carabin_trainer_record_failures_total", {"run": "r"})

    progress.note("begins")
    assert counted() == 0
    for _ in range(2):
        progress.count_record_failure()
    progress.metrics(1, {})
    progress.metrics(2, {})
    assert counted() == 2


def test_a_phase_of_unknown_length_has_no_share_until_it_is_known() -> None:
    registry = CollectorRegistry()
    progress = Progress("r", (Gauges(registry),))
    with progress.phase("fetch") as advance:
        assert ratio(registry, "fetch") is None
        advance(1, 4)
    assert ratio(registry, "fetch") == 0.25
