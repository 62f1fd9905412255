"""Rollouts over a real store with the shipped policies, real transcribers under speech, and a real Prometheus."""

from pathlib import Path

import pytest

from .conftest import RealPrometheus, RollingOut, Site


def pods(site: Site) -> tuple[str, str]:
    return "--pods", ",".join(transcriber.address for transcriber in site.transcribers)


@pytest.mark.parametrize(
    ("behaviour", "figure"), [("slower", "slow"), ("emptier", "(?:empty|rejected)"), ("unsure", "unsure")]
)
def test_a_worse_version_is_ended_within_its_first_step(
    site: Site, tmp_path: Path, behaviour: str, figure: str
) -> None:
    production = site.decision().version
    version = site.publish(behaviour)
    rollout = RollingOut(site, version, tmp_path, *pods(site))
    rollout.until_said("step 1 of 2, 30%: begun")
    ended = rollout.wait()
    assert ended.code == 3, ended
    assert ended.out.startswith("rollout ended at step 1, 30%: ")
    decision = site.decision()
    assert (decision.version, decision.canary) == (production, None)


def test_a_good_version_arrives_though_its_process_is_killed_and_prometheus_breaks(
    site: Site, prometheus: RealPrometheus, tmp_path: Path
) -> None:
    version = site.publish()
    first = RollingOut(site, version, tmp_path, "--prometheus", prometheus.url)
    first.until_said("step 1 of 2, 30%: begun")
    prometheus.stop()
    first.until_said(r"holds: 127\.0\.0\.1:\d+ does not answer: .*Connection refused")
    assert first.kill().code == -9
    assert site.decision().canary is not None, "it keeps its share while nobody looks"
    prometheus.start()
    second = RollingOut(site, version, tmp_path, "--prometheus", prometheus.url)
    second.until_said("goes on with step 1 of 30%, 100%, as it was begun")
    ended = second.wait()
    assert ended.code == 0, ended
    assert ended.out.startswith(f"{version} is in production")
    assert (site.decision().version, site.decision().canary) == (version, None)
