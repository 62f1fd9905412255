"""Versions come and go for months: their series do not grow with them."""

from collections.abc import Iterator

from carabin.transcriber.metrics import Metrics
from carabin.transcriber.version_series import KEPT_VERSIONS


def serve(metrics: Metrics, version: str) -> None:
    """Let a version be production, write a final, and be compared."""
    metrics.model_in_use("whisper", "production", version)
    write(metrics, version)


def write(metrics: Metrics, version: str) -> None:
    metrics.utterance_decoded(version, "text", attempts=2)
    metrics.final_of_version(version, 0.4, 0.9)
    metrics.shadow_compared(version, 0.1)


def versions(metrics: Metrics) -> Iterator[set[str]]:
    """Yield, for each metric that has the label, the versions that it names."""
    for metric in metrics.registry.collect():
        named = {sample.labels["version"] for sample in metric.samples if "version" in sample.labels}
        if named:
            yield named


def test_of_a_hundred_versions_the_one_in_use_and_the_last_ones_keep_their_series() -> None:
    metrics = Metrics()
    for number in range(100):
        serve(metrics, f"v{number}")
    kept = {f"v{number}" for number in range(99 - KEPT_VERSIONS, 100)}
    assert list(versions(metrics)) == [{"v99"}, *[kept] * 5], "which version is in use, and five by version"


def test_a_version_that_stays_in_use_keeps_its_series_whatever_comes_beside_it() -> None:
    metrics = Metrics()
    metrics.model_in_use("cardiologie", "production", "old")
    write(metrics, "old")
    for number in range(100):
        metrics.model_in_use("cardiologie", "canary", f"v{number}")
        write(metrics, f"v{number}")
    assert all("old" in named for named in versions(metrics))


def test_last_utterances_of_a_version_that_left_count_and_are_not_kept_for_good() -> None:
    metrics = Metrics()
    serve(metrics, "old")
    for number in range(3 * KEPT_VERSIONS):
        serve(metrics, f"v{number}")
        if number < KEPT_VERSIONS:
            write(metrics, "old")
    assert not any("old" in named for named in versions(metrics))
    assert max(map(len, versions(metrics))) == KEPT_VERSIONS + 1


def test_a_version_that_comes_back_is_not_removed_as_one_that_left() -> None:
    metrics = Metrics()
    for version in ("a", "b", "a"):
        serve(metrics, version)
    for number in range(KEPT_VERSIONS + 1):
        metrics.model_in_use("whisper", "canary", f"v{number}")
        write(metrics, f"v{number}")
    assert metrics.registry.get_sample_value("carabin_transcriber_version_retried_finals_total", {"version": "a"}) == 2


def test_a_role_that_is_empty_has_no_series_and_a_version_in_two_roles_stays() -> None:
    metrics = Metrics()
    metrics.model_in_use("whisper", "production", "v1")
    metrics.model_in_use("whisper", "canary", "v1")
    metrics.model_in_use("whisper", "canary", None)
    metrics.model_in_use("whisper", "canary", None)
    (shown,) = [sample.labels for metric in metrics.model.collect() for sample in metric.samples]
    assert shown == {"model_name": "whisper", "role": "production", "version": "v1"}
