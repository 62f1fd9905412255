"""Whatever is cut off, and wherever, what is visible is whole and production is never ambiguous."""

import itertools
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.publish import fetch_model, list_versions, read_manifest
from carabin.registry.artifacts.verify import verify_files
from carabin.registry.errors import PreconditionFailed, PromotionRefused, PromotionUnfinished, StoreUnreachable
from carabin.registry.s3_store import MinioStore
from carabin.registry.stages.apply import repair
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore
from hypothesis import given, settings
from hypothesis import strategies as st

from ..helpers.versions import NAME, NOW, model_folder, publish

N_CONTENTS = 3
"""Every history publishes at most so many versions; `publish` writes two files and a manifest."""


@dataclass
class World:
    """A bucket, and what was done to it."""

    store: ObjectStore
    bucket: str
    scratch: Path
    versions: list[str] = field(default_factory=list)

    def publish(self, store: ObjectStore, which: int) -> None:
        if which < N_CONTENTS:
            try:
                publish(store, self.bucket, self.scratch, f"model-{which}", after=timedelta(hours=which))
            except PreconditionFailed:
                return

    def promote(self, store: ObjectStore, which: int) -> None:
        if visible := list_versions(self.store, self.bucket, NAME):
            promote(store, self.bucket, NAME, visible[which % len(visible)], by="a", reason="r", at=NOW)

    def rollback(self, store: ObjectStore, which: int) -> None:
        try:
            rollback(store, self.bucket, NAME, by="a", reason="r", at=NOW)
        except PromotionRefused:
            return

    def canary(self, store: ObjectStore, which: int) -> None:
        if visible := list_versions(self.store, self.bucket, NAME):
            try:
                set_stage(
                    store,
                    self.bucket,
                    NAME,
                    visible[which % len(visible)],
                    "canary",
                    share=0.5,
                    by="a",
                    reason="r",
                    at=NOW,
                )
            except PromotionRefused:
                return

    def check(self) -> None:
        """What must hold after anything at all."""
        visible = list_versions(self.store, self.bucket, NAME)
        for version in visible:
            manifest = read_manifest(self.store, self.bucket, NAME, version)
            assert verify_files(self.store, self.bucket, manifest) == []
        log = read_log(self.store, self.bucket, NAME)
        assert [record.number for record in log] == list(range(1, len(log) + 1))
        decision = read_decision(self.store, self.bucket, NAME)
        assert {decision.version, decision.pending, *decision.rivals} - {None} <= set(visible)
        if log and decision.pending is None:
            assert decision.version == log[-1].version, "the last promotion holds, or is known to be cut off"
        if decision.pending is not None:
            assert decision.pending == log[-1].version
            assert decision.version == log[-1].previous, "until it is repaired the previous version serves"


ACTIONS = ("publish", "promote", "rollback", "canary")
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, N_CONTENTS - 1)), max_size=6)
LAST = st.tuples(st.sampled_from(ACTIONS), st.integers(0, N_CONTENTS - 1))


def act(world: World, store: ObjectStore, action: tuple[str, int]) -> None:
    name, which = action
    step: Callable[[ObjectStore, int], None] = getattr(world, name)
    step(store, which)


def crash_and_recover(world: World, history: list[tuple[str, int]], last: tuple[str, int], writes: int) -> None:
    for action in [("publish", 0), *history]:
        act(world, world.store, action)
        world.check()
    before = read_decision(world.store, world.bucket, NAME)
    try:
        act(world, FaultyStore(world.store, writes, KeyboardInterrupt(), writes_only=True), last)
    except KeyboardInterrupt:
        world.check()
    log = read_log(world.store, world.bucket, NAME)
    assert read_decision(world.store, world.bucket, NAME).version in {before.version, *(r.version for r in log[-1:])}
    repair(world.store, world.bucket, NAME)
    repaired = read_decision(world.store, world.bucket, NAME)
    assert (repaired.pending, repaired.rivals) == (None, ())
    assert repaired.version == (log[-1].version if log else None)
    act(world, world.store, last)
    world.check()


@given(history=HISTORIES, last=LAST, writes=st.integers(0, 5))
@settings(max_examples=150)
def test_a_crash_between_any_two_writes_leaves_a_state_that_resolves(
    history: list[tuple[str, int]], last: tuple[str, int], writes: int
) -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    with tempfile.TemporaryDirectory() as scratch:
        crash_and_recover(World(store, "models", Path(scratch)), history, last, writes)


@given(history=HISTORIES, last=LAST, writes=st.integers(0, 5))
@settings(max_examples=10)
def test_a_crash_on_the_real_store_does_too(
    s3_store: MinioStore, history: list[tuple[str, int]], last: tuple[str, int], writes: int
) -> None:
    bucket = f"crash-{uuid.uuid4().hex[:12]}"
    s3_store.ensure_bucket(bucket)
    with tempfile.TemporaryDirectory() as scratch:
        crash_and_recover(World(s3_store, bucket, Path(scratch)), history, last, writes)


def requests_of(action: Callable[[ObjectStore], object], store: ObjectStore) -> int:
    counting = FaultyStore(store)
    action(counting)
    return counting.requests


def test_a_store_that_fails_on_any_request_of_a_publication_publishes_nothing_half(tmp_path: Path) -> None:
    total = requests_of(lambda store: publish(store, "models", tmp_path, "a"), fresh())
    for number in range(total):
        memory = fresh()
        with pytest.raises(StoreUnreachable):
            publish(FaultyStore(memory, number), "models", tmp_path, "a")
        assert list_versions(memory, "models", NAME) == []
        version = publish(memory, "models", tmp_path, "a")
        assert list_versions(memory, "models", NAME) == [version], "and a second attempt goes through"


def test_a_store_that_fails_on_any_request_of_a_promotion_leaves_one_holder(tmp_path: Path) -> None:
    def run(store: ObjectStore, new: str) -> None:
        promote(store, "models", NAME, new, by="a", reason="r", at=NOW)

    def prepared() -> tuple[MemoryStore, str, str]:
        store = fresh()
        old = publish(store, "models", tmp_path, "old")
        new = publish(store, "models", tmp_path, "new", after=timedelta(hours=1))
        run(store, old)
        return store, old, new

    memory, _, new = prepared()
    total = requests_of(lambda store: run(store, new), memory)
    for number in range(total):
        memory, old, new = prepared()
        with pytest.raises((StoreUnreachable, PromotionUnfinished)) as raised:
            run(FaultyStore(memory, number), new)
        decision = read_decision(memory, "models", NAME)
        assert decision.version in (old, new)
        assert (decision.pending == new) == (decision.version == old and len(read_log(memory, "models", NAME)) == 2)
        assert isinstance(raised.value, PromotionUnfinished) == (len(read_log(memory, "models", NAME)) == 2)
        repair(memory, "models", NAME)
        assert read_decision(memory, "models", NAME).rivals == ()


def test_one_request_of_a_promotion_that_fails_leaves_one_holder_too(tmp_path: Path) -> None:
    """A store that answers again at once: what goes on after the failure must not go astray."""
    for number in itertools.count():
        memory = fresh()
        old = publish(memory, "models", tmp_path, "old")
        new = publish(memory, "models", tmp_path, "new", after=timedelta(hours=1))
        promote(memory, "models", NAME, old, by="a", reason="r", at=NOW)
        faulty = FaultyStore(memory, number, stays_broken=False)
        try:
            promote(faulty, "models", NAME, new, by="a", reason="r", at=NOW)
        except (StoreUnreachable, PromotionUnfinished):
            assert faulty.failed
        else:
            assert read_decision(memory, "models", NAME).version == new
        logged = len(read_log(memory, "models", NAME)) == 2
        decision = read_decision(memory, "models", NAME)
        assert decision.version in (old, new)
        assert logged or decision == Decision(version=old), "what is not logged has not happened"
        repair(memory, "models", NAME)
        assert read_decision(memory, "models", NAME) == Decision(version=new if logged else old)
        if not faulty.failed:
            return


def test_a_store_that_fails_on_any_request_of_a_fetch_leaves_nothing(tmp_path: Path) -> None:
    memory = fresh()
    manifest = read_manifest(memory, "models", NAME, publish(memory, "models", tmp_path, "a"))
    total = requests_of(lambda store: fetch_model(store, "models", manifest, tmp_path / "whole"), memory)
    assert total == 2
    for number in range(total):
        cache = tmp_path / f"cache-{number}"
        with pytest.raises(StoreUnreachable):
            fetch_model(FaultyStore(memory, number), "models", manifest, cache / "model")
        assert list(cache.iterdir()) == []


def fresh() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket("models")
    return store


def test_the_folders_of_these_tests_are_what_they_publish(tmp_path: Path) -> None:
    assert len(list(model_folder(tmp_path, "a").iterdir())) == 2
