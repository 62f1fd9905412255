"""Reading the Decision again costs three requests, and finds the same as a whole reading does."""

from datetime import timedelta
from pathlib import Path

import pytest
from carabin.registry.layout import manifest_key, promotion_key
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.follow import SCAN_EVERY, DecisionReader
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Canary
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish, publish_many


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket("models")
    return store


def reader_of(store: FaultyStore | MemoryStore, clock: Clock) -> DecisionReader:
    return DecisionReader(store, "models", NAME, 10.0, now=clock)


@pytest.mark.parametrize("count", [2, 40])
def test_a_poll_that_finds_nothing_new_is_three_requests_however_many_versions_there_are(
    memory: MemoryStore, clock: Clock, tmp_path: Path, count: int
) -> None:
    versions = publish_many(memory, "models", tmp_path, count)
    for version in versions[:5]:
        promote(memory, "models", NAME, version, by="a", reason="r", at=NOW)
    counted = FaultyStore(memory)
    reader = reader_of(counted, clock)
    first = reader.read()
    for _ in range(4):
        before = counted.requests
        assert reader.read() == first
        assert counted.requests - before <= 3


def test_each_change_that_our_commands_make_is_seen_by_the_next_poll(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    first, second, third = publish_many(memory, "models", tmp_path, 3)
    reader = reader_of(memory, clock)
    assert reader.read().version is None
    change = {"by": "a", "reason": "r", "at": NOW}
    steps = [
        lambda: promote(memory, "models", NAME, first, **change),
        lambda: set_stage(memory, "models", NAME, second, "canary", share=0.1, **change),
        lambda: set_stage(memory, "models", NAME, third, "canary", share=0.2, **change),
        lambda: set_stage(memory, "models", NAME, second, "shadow", **change),
        lambda: promote(memory, "models", NAME, third, **change),
        lambda: rollback(memory, "models", NAME, **change),
        lambda: set_stage(memory, "models", NAME, second, "archived", **change),
    ]
    for step in steps:
        step()
        assert reader.read() == read_decision(memory, "models", NAME)
    newest = publish(memory, "models", tmp_path, "newest", after=timedelta(days=1))
    promote(memory, "models", NAME, newest, **change)
    assert reader.read().version == newest


def test_a_promotion_whose_tags_come_late_is_taken_when_they_come(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    first, second = publish_many(memory, "models", tmp_path, 2)
    promote(memory, "models", NAME, first, by="a", reason="r", at=NOW)
    reader = reader_of(memory, clock)
    reader.read()
    promote(memory, "models", NAME, second, by="a", reason="r", at=NOW)
    late = {version: memory.get_tags("models", manifest_key(NAME, version)) for version in (first, second)}
    memory.set_tags("models", manifest_key(NAME, first), {"stage": "production", "promotion-seq": "1"})
    memory.set_tags("models", manifest_key(NAME, second), {"stage": "candidate"})
    for _ in range(20):
        decision = reader.read()
        assert (decision.version, decision.pending) == (first, second)
    for version, tags in late.items():
        memory.set_tags("models", manifest_key(NAME, version), tags)
    assert reader.read() == read_decision(memory, "models", NAME)


def test_a_stage_set_by_hand_is_found_by_a_scan_or_at_once_when_one_is_asked_for(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    first, second = publish_many(memory, "models", tmp_path, 2)
    promote(memory, "models", NAME, first, by="a", reason="r", at=NOW)
    reader = reader_of(memory, clock)
    reader.read()
    memory.set_tags("models", manifest_key(NAME, second), {"stage": "canary", "canary-share": "0.5"})
    assert reader.read().canary is None
    assert reader.read(scan=True).canary == Canary(second, 0.5)
    memory.set_tags("models", manifest_key(NAME, second), {"stage": "candidate"})
    clock.now_s += SCAN_EVERY * 10.0 - 1
    assert reader.read().canary == Canary(second, 0.5)
    clock.now_s += 1
    assert reader.read().canary is None


def test_taking_production_away_by_hand_is_seen_by_the_next_poll(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    [only] = publish_many(memory, "models", tmp_path, 1)
    promote(memory, "models", NAME, only, by="a", reason="r", at=NOW)
    reader = reader_of(memory, clock)
    assert reader.read().version == only
    memory.set_tags("models", manifest_key(NAME, only), {"stage": "archived", "promotion-seq": "1"})
    assert reader.read().version is None


def test_a_newest_promotion_that_cannot_be_read_is_a_problem_and_stops_nothing(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    [only] = publish_many(memory, "models", tmp_path, 1)
    promote(memory, "models", NAME, only, by="a", reason="r", at=NOW)
    reader = reader_of(memory, clock)
    reader.read()
    memory.create("models", promotion_key(NAME, 2), b"{")
    decision = reader.read()
    assert decision.version == only
    assert "the newest promotion cannot be read" in decision.problems[-1]
