"""A model with two versions, and transcribers whose series are real and whose dictations are the test's."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from carabin.cli.commands.models.context import Context
from carabin.cli.commands.models.rollout.begin import begin_or_go_on, production_to_replace
from carabin.cli.commands.models.rollout.controller import Rollout
from carabin.cli.commands.models.rollout.figures import BUDGETS, SeriesSample
from carabin.cli.commands.models.rollout.surroundings import Surroundings
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.stages.promote import promote
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.rollouts import RolloutPlan, RolloutRecord
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.metrics import Metrics

from ..conftest import FORMAT

NAME, BUCKET = "cardio", "models"
EVERY_S = 30.0
NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)


Answer = Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve HTTP on a free port; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Quality:
    """How often what a version writes is bad in one respect."""

    empty: float = 0.02
    retried: float = 0.05
    slow: float = 0.05
    unsure: float = 0.05
    differs: float = 0.1


@dataclass
class Hospital:
    """Two versions in a registry, one transcriber, physicians who speak between two looks, and a clock of its own."""

    context: Context
    production: str
    candidate: str
    qualities: dict[str, Quality]
    passed_s: list[float]
    """Seconds since it began, by every clock, the store's included."""
    metrics: Metrics = field(default_factory=Metrics)
    said: list[str] = field(default_factory=list)
    finals_a_look: int = 60
    random: Random = field(default_factory=lambda: Random(20261128))
    stop_after_s: float = float("inf")
    between_looks: Callable[[], None] = lambda: None
    spoil: Callable[[list[SeriesSample]], list[SeriesSample]] = lambda samples: samples
    """What becomes of the series on their way; it may raise."""

    @property
    def now_s(self) -> float:
        return self.passed_s[0]

    @property
    def store(self) -> ObjectStore:
        return self.context.store

    def wait(self, seconds: float) -> bool:
        """Let so much time pass, in which physicians speak."""
        self.passed_s[0] += seconds
        self.speak()
        self.between_looks()
        return self.now_s >= self.stop_after_s

    def speak(self) -> None:
        decision = read_decision(self.store, BUCKET, NAME)
        share = decision.canary.share if decision.canary else 0.0
        for _ in range(self.finals_a_look):
            on_canary = decision.canary is not None and self.random.random() < share
            version = decision.canary.version if decision.canary and on_canary else decision.version
            assert version is not None
            self.write_final(version)
            if decision.shadow is not None:
                differs = self.random.random() < self.qualities[decision.shadow].differs
                self.metrics.shadow_difference.labels(decision.shadow).observe(0.8 if differs else 0.05)

    def write_final(self, version: str) -> None:
        quality, chance = self.qualities[version], self.random.random
        outcome = "empty" if chance() < quality.empty else "text"
        self.metrics.utterance_decoded(version, outcome, 2 if chance() < quality.retried else 1)
        if outcome == "text":
            latency_s, confidence = 4.0 if chance() < quality.slow else 0.4, 0.5 if chance() < quality.unsure else 0.92
            self.metrics.final_of_version(version, latency_s, confidence)

    def source(self, versions: Sequence[str]) -> list[SeriesSample]:
        return self.spoil([
            SeriesSample("pod-1", sample.name, sample.labels, sample.value)
            for family in self.metrics.registry.collect()
            for sample in family.samples
            if sample.labels.get("version") in versions
        ])  # fmt: skip

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(self.source, self.wait, self.said.append, now=lambda: self.now_s)

    def plan(self, steps: tuple[float, ...] = (0.05, 0.25, 1.0), hold_s: float = 600.0) -> RolloutPlan:
        return RolloutPlan(
            version=self.candidate,
            production=production_to_replace(self.context, self.candidate, force=False),
            steps=steps, hold_s=hold_s, min_finals=20, error_rate=0.05, budgets=dict(BUDGETS),
            by="dr-a", reason="fewer drug errors", started_at=NOW,
        )  # fmt: skip

    def rollout(self, plan: RolloutPlan | None = None, *, again: bool = False) -> RolloutRecord:
        """Run one process's rollout to its end."""
        lease = begin_or_go_on(
            self.context, self.candidate, lambda: plan or self.plan(), 60.0, self.surroundings, again=again
        )
        assert lease is not None
        return Rollout(self.context, lease, self.surroundings, EVERY_S).run()


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    """Return one whose physicians have dictated with the version in production for a while."""
    passed_s = [0.0]
    store = MemoryStore(now=lambda: NOW + timedelta(seconds=passed_s[0]))
    store.ensure_bucket(BUCKET)
    versions = []
    for i in range(2):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "model.bin").write_text(f"weights {i}")
        at = NOW - timedelta(days=2 - i)
        metrics = {"wer": 0.2 - 0.1 * i}
        versions.append(publish_model(store, BUCKET, NAME, folder, at, format=FORMAT, metrics=metrics).version)
    promote(store, BUCKET, NAME, versions[0], by="dr-a", reason="first", at=NOW)
    context = Context(store, BUCKET, NAME)
    made = Hospital(context, versions[0], versions[1], {version: Quality() for version in versions}, passed_s)
    for _ in range(5):
        made.speak()
    return made
