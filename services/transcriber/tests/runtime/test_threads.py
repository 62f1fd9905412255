"""Each thread of the transcriber outlives what is raised on it; where it cannot, its name is known."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from carabin.registry.stages.resolve import Canary, Decision
from carabin.registry.testing.memory import MemoryStore
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.lexicons import Lexicons
from carabin.transcriber.models.loader import LoadedCandidate
from carabin.transcriber.models.roles import ModelRoles
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.models.source import RegistrySource
from carabin.transcriber.runtime.session_thread import SessionThread
from carabin.transcriber.scheduling.jobs import DecodeJob, Lane
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.scheduler import Scheduler
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import speech


@dataclass
class Rig:
    """The parts that own threads, under one supervisor; `raises` is what the next fault raises."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        self.threads = ThreadSupervisor(self.metrics.registry)
        self.raises: type[BaseException] = ValueError
        self._stops: list[Callable[[], None]] = []

    def failures(self, thread: str) -> float:
        labels = {"thread": thread}
        return self.metrics.registry.get_sample_value("carabin_thread_failures_total", labels) or 0.0

    def fail(self, *_: object) -> NoReturn:
        raise self.raises("of a test")

    def stop(self) -> None:
        for stop in self._stops:
            stop()

    def scheduler(self) -> Scheduler:
        scheduler = Scheduler(self.metrics, LoadController(), self.threads, workers=1)
        scheduler.start()
        self._stops.append(scheduler.stop)
        return scheduler

    def decode(self, scheduler: Scheduler, engine: FakeEngine, done: Callable[..., None]) -> None:
        request = DecodeRequest(speech(1), 750, "fr")
        scheduler.submit(DecodeJob(Lane.FINAL, request, ModelHandle("v1", engine), done))

    def roles(self, fetch: Callable[[str], LoadedCandidate] | None = None) -> ModelRoles:
        models = ModelRoles(
            "whisper",
            fetch or (lambda version: LoadedCandidate(version, self.folder)),
            lambda _, version, __: FakeEngine(version),
            self.metrics,
            self.threads,
        )
        models.start()
        self._stops.append(models.stop)
        return models

    def source(self) -> RegistrySource:
        store = MemoryStore()
        store.ensure_bucket("models")
        source = RegistrySource(
            "whisper",
            self.folder,
            Lexicons(),
            self.metrics,
            self.threads,
            store=store,
            bucket="models",
            poll_s=0.01,
        )
        self._stops.append(source.stop)
        return source


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = Rig(tmp_path, monkeypatch)
    yield rig
    rig.stop()


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread does and has no event for."""
    waiting = threading.Event()
    for _ in range(10_000):
        if condition():
            return
        waiting.wait(0.002)
    raise AssertionError("it did not happen within 20 s")


def test_a_decode_thread_goes_on_after_a_callback_raised_and_the_batch_gets_its_answers(rig: Rig) -> None:
    scheduler, engine, answered = rig.scheduler(), FakeEngine(gate=threading.Event()), threading.Semaphore(0)
    rig.decode(scheduler, engine, rig.fail)
    until(lambda: engine.batches)
    rig.decode(scheduler, engine, rig.fail)
    rig.decode(scheduler, engine, lambda *_: answered.release())
    assert engine.gate is not None
    engine.gate.set()
    assert answered.acquire(timeout=20), "the job behind the failing callback got no answer"
    labels = {"lane": "final"}
    assert rig.metrics.registry.get_sample_value("carabin_transcriber_callback_failures_total", labels) == 2
    assert rig.threads.dead() == ()


def test_a_decode_thread_that_dies_is_named(rig: Rig) -> None:
    rig.raises = SystemExit
    rig.decode(rig.scheduler(), FakeEngine(), rig.fail)
    until(rig.threads.dead)
    assert rig.threads.dead() == ("decode-0",)


@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_the_sessions_thread_goes_on_or_is_named(rig: Rig, kind: type[BaseException]) -> None:
    rig.raises = kind
    sessions, ran = SessionThread(rig.threads), threading.Event()
    sessions.start()
    sessions.post(rig.fail)
    sessions.post(ran.set)
    if kind is ValueError:
        assert ran.wait(20)
        assert rig.failures("sessions") == 1
    else:
        until(rig.threads.dead)
        assert rig.threads.dead() == ("sessions",)
    sessions.stop()


@pytest.mark.parametrize("role", ["production", "canary", "shadow"])
@pytest.mark.parametrize("kind", [OSError, SystemExit])
def test_a_models_updater_goes_on_or_is_named(rig: Rig, role: str, kind: type[BaseException]) -> None:
    rig.raises = kind
    models = rig.roles(fetch=rig.fail)
    decisions = {
        "production": Decision(version="v1"),
        "canary": Decision(version=None, canary=Canary("v1", 0.5)),
        "shadow": Decision(version=None, shadow="v1"),
    }
    models.decide(decisions[role])
    name = f"model-updater-{role}"
    until(lambda: rig.failures(name))
    if kind is SystemExit:
        until(rig.threads.dead)
        assert rig.threads.dead() == (name,)
    else:
        if role == "production":
            until(lambda: models.production.info.state == "failed")
            assert "OSError" in models.production.info.reason
        assert rig.threads.dead() == ()


@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_the_model_watcher_takes_a_decision_again_or_is_named(rig: Rig, kind: type[BaseException]) -> None:
    rig.raises = kind
    source, models = rig.source(), rig.roles()
    taken = threading.Event()
    calls = iter([rig.fail])
    rig.monkeypatch.setattr(models, "decide", lambda decision: next(calls, lambda _: taken.set())(decision))
    source.start(models)
    if kind is ValueError:
        assert taken.wait(20)
        assert rig.failures("model-watcher") == 1
    else:
        until(rig.threads.dead)
        assert rig.threads.dead() == ("model-watcher",)


@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_the_reading_of_notifications_goes_on_or_is_named(rig: Rig, kind: type[BaseException]) -> None:
    rig.raises = kind
    source, models = rig.source(), rig.roles()
    rig.monkeypatch.setattr(MemoryStore, "listen", rig.fail)
    source.start(models)
    if kind is ValueError:
        until(lambda: rig.failures("model-notifications") >= 2)
        assert rig.threads.dead() == ()
    else:
        until(rig.threads.dead)
        assert rig.threads.dead() == ("model-notifications",)


@pytest.mark.parametrize(("thread", "method"), [("lexicons", "_read_lexicons"), ("store-outage", "_explain")])
@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_what_a_source_does_now_and_then_goes_on_or_is_named(
    rig: Rig, thread: str, method: str, kind: type[BaseException]
) -> None:
    rig.monkeypatch.setattr("carabin.transcriber.models.source.LEXICON_POLL_S", 0.001)
    rig.monkeypatch.setattr("carabin.transcriber.models.source.EXPLAIN_S", 0.001)
    rig.raises = kind
    source, models = rig.source(), rig.roles()
    begun = [method == "_explain"]  # lexicons are read once before the threads start

    def call() -> None:
        if not begun[0]:
            begun[0] = True
            return
        rig.fail()

    rig.monkeypatch.setattr(source, method, call)
    source.start(models)
    if kind is ValueError:
        until(lambda: rig.failures(thread) >= 3)
        assert rig.threads.dead() == ()
    else:
        until(rig.threads.dead)
        assert rig.threads.dead() == (thread,)


def test_a_canary_and_a_shadow_have_threads_only_when_there_is_one(rig: Rig) -> None:
    models = rig.roles()

    def updaters() -> set[str]:
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("model-updater")}

    before = updaters()
    models.decide(Decision(version="v1"))
    until(lambda: models.production.info.version == "v1")
    assert updaters() == before == {"model-updater-production"}
    models.decide(Decision(version="v1", canary=Canary("v2", 0.5), shadow="v3"))
    assert updaters() == {"model-updater-production", "model-updater-canary", "model-updater-shadow"}


def test_the_transcriber_names_its_dead_threads_for_the_liveness_probe(rig: Rig) -> None:
    rig.raises = SystemExit
    transcriber = make_transcriber(TranscriberSettings(model_dir=rig.folder, device="cpu"))
    assert transcriber.dead_threads() == ()
    transcriber._threads.once("dying", rig.fail).join(20)
    assert transcriber.dead_threads() == ("dying",)
