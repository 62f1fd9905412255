"""What is counted by version."""

import pytest
from carabin.transcriber.metrics import Metrics


def test_versions_are_counted_apart_and_retries_beside_the_outcome() -> None:
    metrics = Metrics()
    metrics.utterance_decoded("v1", "text", attempts=1)
    metrics.utterance_decoded("v2", "text", attempts=2)
    metrics.utterance_decoded("v2", "empty", attempts=1)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"carabin_transcriber_{name}", labels)

    assert value("version_finals_total", version="v1", outcome="text") == 1
    assert value("version_finals_total", version="v2", outcome="empty") == 1
    assert value("version_retried_finals_total", version="v1") is None
    assert value("version_retried_finals_total", version="v2") == 1


def test_a_finals_latency_and_confidence_stand_beside_each_other() -> None:
    metrics = Metrics()
    metrics.final_of_version("v1", 0.4, 0.9)
    sample = metrics.registry.get_sample_value
    assert sample("carabin_transcriber_version_final_latency_seconds_sum", {"version": "v1"}) == pytest.approx(0.4)
    bucket = {"version": "v1", "le": "0.9"}
    assert sample("carabin_transcriber_version_confidence_bucket", bucket) == 1
    assert sample("carabin_transcriber_version_confidence_bucket", bucket | {"le": "0.85"}) == 0
