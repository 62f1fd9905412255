"""Models are found by name, and the one that nobody needs leaves when memory is short."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.registry.stages.resolve import Decision
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.api import ModelInfo
from carabin.transcriber.core.errors import UnknownModel
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.lexicons import Lexicons
from carabin.transcriber.models.loader import LoadedCandidate
from carabin.transcriber.models.roles import ModelRoles
from carabin.transcriber.models.source import FolderSource
from carabin.transcriber.runtime.served_models import ModelParts, ServedModel, ServedModels
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.scheduler import Scheduler
from carabin.transcriber.scheduling.shadow import Shadow
from carabin.transcriber.testing.engine import FakeEngine

NAMES = ("cardiologie", "radiologie", "urgences")


class Rig:
    """Three names over fake engines, on a machine that holds `room` models; the clock counts what was asked."""

    def __init__(self, folder: Path, *, room: int, on_demand: bool = False) -> None:
        self.folder = folder
        self.room = room
        self.metrics = Metrics()
        self.threads = ThreadSupervisor()
        self._time = 0.0
        self._changed = threading.Condition()
        self.served = ServedModels([self._model(name, on_demand) for name in NAMES], self._tick)
        for model in self.served:
            model.roles.start()

    def __getitem__(self, name: str) -> ServedModel:
        return self.served.find(name)

    @property
    def loaded(self) -> list[str]:
        return [model.name for model in self.served if model.loaded]

    def decide(self, *names: str) -> None:
        for name in names:
            self[name].roles.decide(Decision(version="v1"))

    def until(self, name: str, state: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self[name].info.state == state, timeout=20)

    def use(self, name: str) -> None:
        """Open a session, as soon as the model is there, and close it."""
        self.served.ask_for(self[name])
        self.until(name, "steady")
        self.served.enter(self[name])
        self.served.exit(self[name])

    def stop(self) -> None:
        for model in self.served:
            model.roles.stop()

    def _tick(self) -> float:
        self._time += 1
        return self._time

    def _model(self, name: str, on_demand: bool) -> ServedModel:
        roles = ModelRoles(
            name,
            lambda version: LoadedCandidate(version, self.folder),
            lambda _, version, __: FakeEngine(version),
            self.metrics,
            self.threads,
            wanted=not on_demand,
            evict=lambda: self.served.evict_for(name),
            free_bytes=lambda: 10**12 if len(self.loaded) < self.room else 0,
            changed=self._note,
        )
        lexicons = Lexicons()
        parts = ModelParts(name, FolderSource(self.folder, lexicons), lexicons)
        load = LoadController()
        scheduler = Scheduler(self.metrics, load, self.threads, workers=0)
        return ServedModel(parts, roles, Shadow(roles.shadow, scheduler, load, self.metrics, lambda: 0.0))

    def _note(self, _: ModelInfo) -> None:
        with self._changed:
            self._changed.notify_all()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Nothing is loaded until it is asked for, and memory holds two."""
    rig = Rig(tmp_path, room=2, on_demand=True)
    rig.decide(*NAMES)
    yield rig
    rig.stop()


def test_the_first_is_the_default_and_unknown_names_are_refused_with_those_that_are_served(rig: Rig) -> None:
    assert rig.served.find(None).name == "cardiologie"
    assert rig.served.find("urgences").name == "urgences"
    with pytest.raises(UnknownModel, match="cardiologie, radiologie, urgences"):
        rig.served.find("base")


def test_nothing_is_loaded_before_it_is_asked_for(rig: Rig) -> None:
    assert rig.loaded == []
    assert all(model.can_serve for model in rig.served)
    rig.use("radiologie")
    assert rig.loaded == ["radiologie"]


def test_the_least_recently_used_leaves_when_memory_is_short(rig: Rig) -> None:
    rig.use("radiologie")
    rig.use("cardiologie")
    rig.use("urgences")
    assert rig.loaded == ["cardiologie", "urgences"]
    rig.use("radiologie")
    assert rig.loaded == ["radiologie", "urgences"]


def test_no_model_leaves_under_a_session(rig: Rig) -> None:
    rig.use("radiologie")
    rig.served.enter(rig["radiologie"])
    rig.use("cardiologie")
    rig.use("urgences")
    assert rig.loaded == ["radiologie", "urgences"]
    rig.served.enter(rig["urgences"])
    rig.served.ask_for(rig["cardiologie"])
    rig.until("cardiologie", "failed")
    assert rig.loaded == ["radiologie", "urgences"]
    assert "MiB are free" in rig["cardiologie"].why_not


def test_model_that_found_no_room_is_tried_again_when_it_is_asked_for_and_there_is_room(rig: Rig) -> None:
    for name in ("radiologie", "urgences"):
        rig.use(name)
        rig.served.enter(rig[name])
    rig.served.ask_for(rig["cardiologie"])
    rig.until("cardiologie", "failed")
    rig.served.exit(rig["radiologie"])
    rig.use("cardiologie")
    assert rig.loaded == ["cardiologie", "urgences"]


def test_models_that_nobody_asked_for_do_not_take_each_others_place(tmp_path: Path) -> None:
    rig = Rig(tmp_path, room=1)
    rig.decide("cardiologie")
    rig.until("cardiologie", "steady")
    rig.decide("radiologie")
    rig.until("radiologie", "failed")
    assert rig.loaded == ["cardiologie"]
    rig.stop()


def test_name_without_a_version_blocks_no_other(tmp_path: Path) -> None:
    rig = Rig(tmp_path, room=3)
    rig.decide("radiologie")
    rig.until("radiologie", "steady")
    rig["cardiologie"].roles.production.explain("no version of cardiologie is tagged production")
    assert not rig["cardiologie"].can_serve
    assert not any(model.starting for model in rig.served)
    assert rig["cardiologie"].why_not == "no version of cardiologie is tagged production"
    rig.stop()


def test_metrics_name_what_left(rig: Rig) -> None:
    for name in NAMES:
        rig.use(name)
    labels = {"model_name": "cardiologie", "role": "production", "outcome": "left"}
    assert rig.metrics.registry.get_sample_value("carabin_transcriber_swaps_total", labels) == 1
