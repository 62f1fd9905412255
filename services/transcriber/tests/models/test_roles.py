"""A canary takes its share of the sessions and gives them back; a shadow shows its text to nobody."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.registry.stages.resolve import Canary, Decision
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.loader import LoadedCandidate
from carabin.transcriber.models.roles import ON_DEMAND, ModelRoles
from carabin.transcriber.testing.engine import FakeEngine

PRODUCTION = Decision(version="v1")
TRIAL = Decision(version="v1", canary=Canary("v2", 0.25))


class Rig:
    """Models over fake engines; the draw is the test's."""

    def __init__(self, folder: Path, *, wanted: bool = True) -> None:
        self.drawn = 0.0
        self.metrics = Metrics()
        self._loaded = threading.Condition()
        self._folder = folder
        self.models = ModelRoles(
            "whisper",
            self._fetch,
            lambda _, version, __: FakeEngine(version),
            self.metrics,
            ThreadSupervisor(),
            wanted=wanted,
            draw=lambda: self.drawn,
        )
        self.models.start()

    def decide(self, decision: Decision, in_use: set[str]) -> None:
        """Take a decision and wait until these versions, and no others, are loaded or needed."""
        self.models.decide(decision)
        ready = threading.Event()
        while self.models.in_use() != in_use or self._loaded_versions() != in_use:
            ready.wait(0.001)

    def _loaded_versions(self) -> set[str | None]:
        infos = (updater.info for updater in self.models._updaters())
        return {info.version for info in infos if info.state == "steady"}

    def _fetch(self, version: str) -> LoadedCandidate:
        return LoadedCandidate(version, self._folder)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.models.stop()


def test_a_canary_takes_its_share_of_new_sessions(rig: Rig) -> None:
    rig.decide(TRIAL, {"v1", "v2"})
    versions = []
    for i in range(100):
        rig.drawn = i / 100
        versions.append(rig.models.slot().lease().version)
    assert versions.count("v2") == 25


def test_a_session_of_a_canary_goes_on_with_production_when_the_trial_ends(rig: Rig) -> None:
    rig.decide(TRIAL, {"v1", "v2"})
    slot = rig.models.slot()
    lease = slot.lease()
    assert lease.version == "v2"
    rig.decide(PRODUCTION, {"v1"})
    assert not lease.engine.closed  # type: ignore[attr-defined]
    assert slot.lease().version == "v1"
    lease.release()


def test_the_metrics_name_each_versions_role(rig: Rig) -> None:
    rig.decide(Decision(version="v1", canary=Canary("v2", 0.5), shadow="v3"), {"v1", "v2", "v3"})
    for role, version in (("production", "v1"), ("canary", "v2"), ("shadow", "v3")):
        labels = {"model_name": "whisper", "role": role, "version": version}
        assert rig.metrics.registry.get_sample_value("carabin_transcriber_model_info", labels) == 1


def test_without_a_production_version_the_one_in_use_stays(rig: Rig) -> None:
    rig.decide(PRODUCTION, {"v1"})
    rig.models.decide(Decision(version=None))
    assert rig.models.slot().lease().version == "v1"


def test_model_on_demand_is_loaded_when_it_is_wanted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, wanted=False)
    rig.models.decide(TRIAL)
    assert (rig.models.in_use(), rig.models.production.info.reason) == (set(), ON_DEMAND)
    rig.models.want()
    rig.decide(TRIAL, {"v1", "v2"})
    rig.models.stop()


def test_model_that_left_keeps_up_with_the_registry_and_comes_back_as_it_is_then(rig: Rig) -> None:
    rig.decide(TRIAL, {"v1", "v2"})
    assert rig.models.leave("it left").wait(20)
    rig.decide(Decision(version="v3"), set())
    rig.models.want()
    assert rig.models.production.info.state in ("loading", "steady")
    rig.decide(Decision(version="v3"), {"v3"})
