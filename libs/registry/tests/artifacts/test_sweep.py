"""Sweeping takes what a dead publisher left, a day later, and nothing that anyone can see."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import RunRecord, list_checkpoints, publish_checkpoint, write_run
from carabin.registry.artifacts.datasets import list_datasets, publish_dataset
from carabin.registry.artifacts.publish import list_versions
from carabin.registry.artifacts.sweep import ORPHAN_AFTER, find_orphans, sweep
from carabin.registry.layout import vocabulary_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.stages.lexicons import publish_lexicon, read_lexicon
from carabin.registry.stages.promote import promote
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, model_folder, publish


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> MemoryStore:
    store = MemoryStore(clock)
    store.ensure_bucket("b")
    return store


def crash(store: MemoryStore, writes: int) -> FaultyStore:
    return FaultyStore(store, writes, KeyboardInterrupt(), writes_only=True)


def test_a_models_orphans_go_after_a_day_and_nothing_else(memory: MemoryStore, clock: Clock, tmp_path: Path) -> None:
    kept = publish(memory, "b", tmp_path, "kept")
    promote(memory, "b", NAME, kept, by="a", reason="r", at=NOW)
    memory.put("b", vocabulary_key(NAME, "drugs"), b"amiodarone\n")
    lexicon = publish_lexicon(memory, "b", NAME, "site", b"amiodarone\n", NOW)
    with pytest.raises(KeyboardInterrupt):
        publish(crash(memory, 1), "b", tmp_path, "lost")
    assert find_orphans(memory, "b", NOW + ORPHAN_AFTER - timedelta(seconds=1)) == []
    before = set(memory.list("b", ""))
    (orphan,) = sweep(memory, "b", NOW + ORPHAN_AFTER)
    assert (orphan.objects, orphan.total_bytes, orphan.modified) == (1, 2, NOW)
    assert before - set(memory.list("b", "")) == {f"{orphan.prefix}files/config.json"}
    assert list_versions(memory, "b", NAME) == [kept]
    assert read_lexicon(memory, "b", NAME, "site", lexicon) == b"amiodarone\n"
    assert sweep(memory, "b", NOW + ORPHAN_AFTER) == []


def test_an_upload_that_goes_on_is_no_orphan_however_long_ago_it_began(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        publish(crash(memory, 2), "b", tmp_path, "slow")
    clock.now = NOW + timedelta(days=3)
    memory.put("b", memory.list("b", "")[-1], b"slow")
    assert find_orphans(memory, "b", clock.now + timedelta(hours=1)) == []


def test_the_stores_clock_says_what_is_fresh_whatever_this_machines_clock_says(
    memory: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    """The store's day is years from this machine's: its clock may have jumped either way."""
    for days in (-3000, 3000):
        clock.now = NOW + timedelta(days=days)
        with pytest.raises(KeyboardInterrupt):
            publish(crash(memory, 1), "b", tmp_path, f"fresh{days}")
        assert sweep(memory, "b") == []
        clock.now += ORPHAN_AFTER
        assert len(sweep(memory, "b")) == 1


def test_checkpoints_are_swept_alike(memory: MemoryStore, tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "files")
    write_run(memory, "b", RunRecord(run="run", started_at=NOW))
    publish_checkpoint(memory, "b", "run", 1, folder, NOW, source={}, metrics={})
    before = memory.list("b", "")
    with pytest.raises(KeyboardInterrupt):
        publish_checkpoint(crash(memory, 2), "b", "run", 2, folder, NOW, source={}, metrics={})
    assert len(sweep(memory, "b", NOW + ORPHAN_AFTER)) == 1
    assert memory.list("b", "") == before
    assert [ref.step for ref in list_checkpoints(memory, "b")] == [1]


def test_datasets_are_swept_alike(memory: MemoryStore, tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "files")
    publish_dataset(memory, "b", "visites", folder, NOW, source={}, counts={})
    before = memory.list("b", "")
    with pytest.raises(KeyboardInterrupt):
        publish_dataset(crash(memory, 1), "b", "autre", folder, NOW, source={}, counts={})
    assert len(sweep(memory, "b", NOW + ORPHAN_AFTER)) == 1
    assert memory.list("b", "") == before
    assert len(list_datasets(memory, "b")) == 1


def test_the_real_stores_dates_are_read(s3_store: MinioStore, s3_bucket: str, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        publish(FaultyStore(s3_store, 1, KeyboardInterrupt(), writes_only=True), s3_bucket, tmp_path, "lost")
    assert find_orphans(s3_store, s3_bucket, datetime.now(UTC)) == []
    (orphan,) = sweep(s3_store, s3_bucket, datetime.now(UTC) + ORPHAN_AFTER + timedelta(hours=1))
    assert orphan.objects == 1
    assert s3_store.list(s3_bucket, "") == []
