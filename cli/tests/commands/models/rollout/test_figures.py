"""What the transcribers' own series become."""

import pytest
from carabin.cli.commands.models.rollout.e_values import FinalCounts
from carabin.cli.commands.models.rollout.figures import Bounds, SeriesSample, draw_bounds, since, totals_by_pod
from carabin.transcriber.metrics import Metrics

BOUNDS = Bounds(slow_s=0.5, unsure=0.6)


def samples(metrics: Metrics, pod: str = "pod-1") -> list[SeriesSample]:
    """Return what a scrape of a transcriber holds."""
    return [
        SeriesSample(pod, sample.name, sample.labels, sample.value)
        for family in metrics.registry.collect()
        for sample in family.samples
    ]


def test_every_figure_is_read_from_a_transcribers_series() -> None:
    metrics = Metrics()
    for outcome, attempts in (("text", 1), ("text", 2), ("empty", 1), ("rejected", 2), ("failed", 1)):
        metrics.utterance_decoded("v2", outcome, attempts)
    metrics.final_of_version("v2", latency_s=0.4, confidence=0.9)
    metrics.final_of_version("v2", latency_s=2.5, confidence=0.55)
    for difference in (0.0, 0.3, 0.8):
        metrics.shadow_difference.labels("v2").observe(difference)
    metrics.utterance_decoded("another", "empty", 1)
    assert totals_by_pod(samples(metrics), ["v2"], BOUNDS) == {
        ("pod-1", "v2"): {
            "retried": FinalCounts(5, 2),
            "rejected": FinalCounts(5, 2),
            "empty": FinalCounts(5, 1),
            "slow": FinalCounts(2, 1),
            "unsure": FinalCounts(2, 1),
            "corrected": FinalCounts(2, 0),
            "differs": FinalCounts(3, 1),
        }
    }


def test_pods_are_counted_apart() -> None:
    first, second = Metrics(), Metrics()
    first.utterance_decoded("v1", "text", 1)
    second.utterance_decoded("v1", "empty", 1)
    found = totals_by_pod(samples(first, "a") + samples(second, "b"), ["v1", "v2"], BOUNDS)
    assert {key: each["empty"] for key, each in found.items()} == {
        ("a", "v1"): FinalCounts(1, 0),
        ("b", "v1"): FinalCounts(1, 1),
    }


def test_slow_and_unsure_are_productions_own_slowest_and_least_sure_tenth() -> None:
    metrics = Metrics()
    for i in range(100):
        metrics.final_of_version("v1", latency_s=0.25 if i < 95 else 4.0, confidence=0.87 if i < 95 else 0.5)
        metrics.final_of_version("v2", latency_s=9.0, confidence=0.1)
    bounds = draw_bounds(samples(metrics), "v1", 100)
    assert bounds == Bounds(slow_s=0.3, unsure=0.85)
    assert draw_bounds(samples(metrics), "v1", 101) is None, "too few to draw them from"
    assert draw_bounds([], "v1", 1) is None
    counted = totals_by_pod(samples(metrics), ["v1"], bounds)["pod-1", "v1"]
    assert (counted["slow"], counted["unsure"]) == (FinalCounts(100, 5), FinalCounts(100, 5))


@pytest.mark.parametrize(
    ("now", "before", "counted"),
    [
        (FinalCounts(10, 3), FinalCounts(4, 1), FinalCounts(6, 2)),
        (FinalCounts(3, 1), FinalCounts(8, 2), FinalCounts(3, 1)),
        (FinalCounts(3, 1), None, FinalCounts(3, 1)),
        (FinalCounts(5, 4), FinalCounts(4, 0), FinalCounts(1, 1)),
    ],
)
def test_a_pod_that_began_anew_counts_from_nothing(
    now: FinalCounts, before: FinalCounts | None, counted: FinalCounts
) -> None:
    assert since(now, before) == counted


def test_a_part_that_is_ahead_of_its_whole_is_cut() -> None:
    torn = [
        SeriesSample("p", "carabin_transcriber_version_finals_total", {"version": "v", "outcome": "text"}, 1.0),
        SeriesSample("p", "carabin_transcriber_version_retried_finals_total", {"version": "v"}, 2.0),
    ]
    assert totals_by_pod(torn, ["v"], BOUNDS)["p", "v"]["retried"] == FinalCounts(1, 1)
