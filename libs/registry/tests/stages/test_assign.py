"""One canary, one shadow, and never the version in production."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from carabin.registry.errors import (
    PromotionRefused,
    PromotionUnfinished,
    StalePromotion,
    StoreUnreachable,
    VersionMissing,
)
from carabin.registry.layout import manifest_key
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.log import read_stage_log
from carabin.registry.stages.promote import promote
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Canary, Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many


def test_a_new_canary_takes_the_place_of_the_old_one(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    production, first, second = publish_many(store, bucket, tmp_path, 3)
    promote(store, bucket, NAME, production, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, first, "canary", share=0.1, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, second, "canary", share=0.2, by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, NAME) == Decision(version=production, canary=Canary(second, 0.2))
    assert store.get_tags(bucket, manifest_key(NAME, first)) == {"stage": "candidate"}
    set_stage(store, bucket, NAME, first, "shadow", by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, NAME).shadow == first


def test_who_staged_what_and_why_is_logged(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    set_stage(store, bucket, NAME, first, "canary", share=0.1, by="dr-a", reason="two wards try it", at=NOW)
    set_stage(store, bucket, NAME, second, "canary", share=0.2, by="dr-b", reason="the newer one", at=NOW)
    found = [
        (record.number, record.version, record.stage, record.share, record.displaced, record.by, record.reason)
        for record in read_stage_log(store, bucket, NAME)
    ]
    assert found == [
        (1, first, "canary", 0.1, (), "dr-a", "two wards try it"),
        (2, second, "canary", 0.2, (first,), "dr-b", "the newer one"),
    ]
    assert [record.before for record in read_stage_log(store, bucket, NAME)] == ["candidate", "candidate"]


def test_no_record_is_lost_when_several_stage_at_once(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    versions = publish_many(store, bucket, tmp_path, 4)
    together = Barrier(len(versions))

    def stage(version: str) -> int:
        together.wait()
        return set_stage(store, bucket, NAME, version, "shadow", by=version, reason="r", at=NOW).number

    with ThreadPoolExecutor(len(versions)) as pool:
        numbers = list(pool.map(stage, versions))
    assert sorted(numbers) == [1, 2, 3, 4]
    assert {record.by for record in read_stage_log(store, bucket, NAME)} == set(versions)


def test_a_store_that_fails_on_any_write_leaves_no_stage_that_the_log_does_not_name(tmp_path: Path) -> None:
    for writes in range(3):  # the record, the old canary's tags, the new one's
        store = MemoryStore()
        store.ensure_bucket("models")
        old, new = publish_many(store, "models", tmp_path, 2)
        set_stage(store, "models", NAME, old, "canary", share=0.1, by="a", reason="r", at=NOW)
        faulty = FaultyStore(store, writes, writes_only=True)
        with pytest.raises(StoreUnreachable if writes == 0 else PromotionUnfinished):
            set_stage(faulty, "models", NAME, new, "canary", share=0.2, by="a", reason="r", at=NOW)
        assert len(read_stage_log(store, "models", NAME)) == (1 if writes == 0 else 2)
        assert read_decision(store, "models", NAME).canary == (None if writes == 2 else Canary(old, 0.1))
        set_stage(store, "models", NAME, new, "canary", share=0.2, by="a", reason="again", at=NOW)
        assert read_decision(store, "models", NAME).canary == Canary(new, 0.2)


def test_a_promoted_canary_is_no_canary_any_more(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    production, trial = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, NAME, production, by="a", reason="r", at=NOW)
    store.set_tags(bucket, manifest_key(NAME, trial), {"stage": "candidate", "ward": "cardiology"})
    set_stage(store, bucket, NAME, trial, "canary", share=0.5, by="a", reason="r", at=NOW)
    promote(store, bucket, NAME, trial, by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, NAME) == Decision(version=trial)
    tags = store.get_tags(bucket, manifest_key(NAME, trial))
    assert "canary-share" not in tags
    assert tags["ward"] == "cardiology", "tags of the hospital's own stay"


def test_what_does_not_fit_is_refused_and_changes_nothing(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    production, trial = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, NAME, production, by="a", reason="r", at=NOW)
    for share in (None, 0.0, 1.1, float("nan")):
        with pytest.raises(PromotionRefused, match="needs a share"):
            set_stage(store, bucket, NAME, trial, "canary", share=share, by="a", reason="r", at=NOW)
    with pytest.raises(PromotionRefused, match="only a canary takes a share"):
        set_stage(store, bucket, NAME, trial, "shadow", share=0.5, by="a", reason="r", at=NOW)
    with pytest.raises(PromotionRefused, match="is in production; promote another"):
        set_stage(store, bucket, NAME, production, "archived", by="a", reason="r", at=NOW)
    with pytest.raises(VersionMissing):
        set_stage(store, bucket, NAME, "nothing", "shadow", by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, NAME) == Decision(version=production)
    assert read_stage_log(store, bucket, NAME) == []


class PromotedMeanwhile(MemoryStore):
    """A store on which somebody promotes `version` at the next request of the kind `watched`."""

    def __init__(self) -> None:
        super().__init__()
        self.version: str | None = None
        self.watched = ""

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        super().create(bucket, key, data, tags)
        if "/stages/" in key:
            self._promote(bucket, "create")

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        self._promote(bucket, "set_tags")
        super().set_tags(bucket, key, tags)

    def _promote(self, bucket: str, kind: str) -> None:
        if self.watched == kind and self.version is not None:
            version, self.version = self.version, None
            promote(self, bucket, NAME, version, by="dr-b", reason="meanwhile", at=NOW)


@pytest.mark.parametrize("watched", ["create", "set_tags"])
def test_a_displaced_canary_that_is_promoted_meanwhile_stays_in_production(watched: str, tmp_path: Path) -> None:
    store = PromotedMeanwhile()
    store.ensure_bucket("models")
    production, canary, other = publish_many(store, "models", tmp_path, 3)
    promote(store, "models", NAME, production, by="a", reason="r", at=NOW)
    set_stage(store, "models", NAME, canary, "canary", share=0.1, by="a", reason="r", at=NOW)
    store.version, store.watched = canary, watched
    set_stage(store, "models", NAME, other, "canary", share=0.2, by="a", reason="r", at=NOW)
    decision = read_decision(store, "models", NAME)
    assert decision == Decision(version=canary, canary=Canary(other, 0.2))
    assert store.get_tags("models", manifest_key(NAME, canary))["promotion-seq"] == "2"


@pytest.mark.parametrize("watched", ["create", "set_tags"])
def test_a_version_that_is_promoted_while_it_is_staged_stays_in_production(watched: str, tmp_path: Path) -> None:
    store = PromotedMeanwhile()
    store.ensure_bucket("models")
    [version] = publish_many(store, "models", tmp_path, 1)
    store.version, store.watched = version, watched
    with pytest.raises(StalePromotion, match="promoted to production meanwhile"):
        set_stage(store, "models", NAME, version, "shadow", by="a", reason="r", at=NOW)
    assert read_decision(store, "models", NAME) == Decision(version=version)


class TaggedByHandMeanwhile(MemoryStore):
    """A store on which a person tags `version` production once a change of stage is logged."""

    version = ""

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        super().create(bucket, key, data, tags)
        if self.version and "/stages/" in key:
            self.set_tags(bucket, manifest_key(NAME, self.version), {"stage": "production"})


def test_a_displaced_canary_that_a_person_puts_into_production_meanwhile_stays_there(tmp_path: Path) -> None:
    store = TaggedByHandMeanwhile()
    store.ensure_bucket("models")
    canary, other = publish_many(store, "models", tmp_path, 2)
    set_stage(store, "models", NAME, canary, "canary", share=0.1, by="a", reason="r", at=NOW)
    store.version = canary
    set_stage(store, "models", NAME, other, "canary", share=0.2, by="a", reason="r", at=NOW)
    assert read_decision(store, "models", NAME) == Decision(version=canary, canary=Canary(other, 0.2))
