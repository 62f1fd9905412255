"""Production is never ambiguous: not in a race, not after a crash, not when a human sets the tag."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from carabin.registry.errors import (
    ConditionsIgnored,
    ManifestInvalid,
    PromotionRefused,
    Regression,
    StalePromotion,
    VersionMissing,
)
from carabin.registry.layout import file_key, manifest_key
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NOW, publish, publish_many


def test_promotion_moves_production_and_rollback_is_a_promotion(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    old, new = publish_many(store, bucket, tmp_path, 2)
    for version in (old, new, old):
        promote(store, bucket, "cardio", version, by="Zoé", reason="essai", at=NOW)
    assert read_decision(store, bucket, "cardio") == Decision(version=old)
    assert store.get_tags(bucket, manifest_key("cardio", new))["stage"] == "archived"
    log = read_log(store, bucket, "cardio")
    assert [(record.number, record.version, record.previous) for record in log] == [
        (1, old, None),
        (2, new, old),
        (3, old, new),
    ]
    assert log[0].by == "Zoé"
    assert log[0].manifest_sha256 == hashlib.sha256(store.get(bucket, manifest_key("cardio", old))).hexdigest()


def test_a_tag_set_by_hand_with_any_tool_is_a_promotion(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    _, by_hand = publish_many(store, bucket, tmp_path, 2)
    store.set_tags(bucket, manifest_key("cardio", by_hand), {"stage": "production"})
    assert read_decision(store, bucket, "cardio").version == by_hand


def test_an_unexpected_holder_stops_the_promotion(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, "cardio", first, by="a", reason="r", at=NOW)
    with pytest.raises(StalePromotion, match=f"production is {first}, not {second}"):
        promote(store, bucket, "cardio", second, by="a", reason="r", at=NOW, expect=second)
    assert len(read_log(store, bucket, "cardio")) == 1


def test_a_version_that_was_never_published_cannot_be_promoted(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(VersionMissing):
        promote(store, bucket, "cardio", "nothing", by="a", reason="r", at=NOW)
    assert read_log(store, bucket, "cardio") == []


def test_a_version_that_lost_a_file_cannot_be_promoted(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    (version,) = publish_many(store, bucket, tmp_path, 1)
    key = file_key("cardio", version, "model.bin")
    store.put(bucket, key, b"cut off")
    with pytest.raises(ManifestInvalid, match=r"model\.bin: it has 7 bytes, and 1 by the manifest"):
        promote(store, bucket, "cardio", version, by="a", reason="r", at=NOW)
    store.delete(bucket, key)
    with pytest.raises(ManifestInvalid, match=r"model\.bin: .*it is not there"):
        promote(store, bucket, "cardio", version, by="a", reason="r", at=NOW)
    assert read_log(store, bucket, "cardio") == []


def test_worse_figures_refuse_a_promotion_until_they_are_accepted(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    good = publish(store, bucket, tmp_path, "good", metrics={"wer": 0.1, "term_recall": 0.9})
    bad = publish(store, bucket, tmp_path, "bad", metrics={"wer": 0.2, "term_recall": 0.9})
    promote(store, bucket, "cardio", good, by="a", reason="r", at=NOW)
    with pytest.raises(Regression, match=r"wer 0\.100 -> 0\.200"):
        promote(store, bucket, "cardio", bad, by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, "cardio") == Decision(version=good)
    record = promote(store, bucket, "cardio", bad, by="Dr Roux", reason="new ward", at=NOW, force=True)
    assert (record.forced, record.by, record.reason) == (True, "Dr Roux", "new ward")
    assert record.metrics_delta == {"wer": pytest.approx(0.1), "term_recall": 0.0}
    assert read_log(store, bucket, "cardio")[-1] == record


def test_a_rollback_is_numbered_reasoned_and_not_refused_by_figures(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    versions = publish_many(store, bucket, tmp_path, 3)
    with pytest.raises(PromotionRefused, match="no other version was in production before None"):
        rollback(store, bucket, "cardio", by="a", reason="r", at=NOW)
    for version in versions:
        promote(store, bucket, "cardio", version, by="a", reason="r", at=NOW)
    first, second, third = versions
    record = rollback(store, bucket, "cardio", by="b", reason="laterality", at=NOW)
    assert (record.number, record.kind, record.previous, record.version) == (4, "rollback", third, second)
    assert rollback(store, bucket, "cardio", by="b", reason="still", at=NOW).version == first
    assert rollback(store, bucket, "cardio", by="b", reason="no, that one", at=NOW, to=third).version == third
    assert read_decision(store, bucket, "cardio") == Decision(version=third)


def test_a_production_manifest_that_cannot_be_read_does_not_keep_a_good_one_out(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    broken, good = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, "cardio", broken, by="a", reason="r", at=NOW)
    store.put(bucket, manifest_key("cardio", broken), b"{")
    store.set_tags(bucket, manifest_key("cardio", broken), {"stage": "production", "promotion-seq": "1"})
    promote(store, bucket, "cardio", good, by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, "cardio") == Decision(version=good)


class CarelessStore(MemoryStore):
    """Accepts If-None-Match and ignores it, as some stores do."""

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        self.put(bucket, key, data)
        self.set_tags(bucket, key, tags or {})


def test_nothing_is_promoted_on_a_store_that_ignores_conditions(tmp_path: Path) -> None:
    store = CarelessStore()
    store.ensure_bucket("models")
    first, second = publish_many(store, "models", tmp_path, 2)
    for version in (first, second):
        with pytest.raises(ConditionsIgnored, match="ignores If-None-Match"):
            promote(store, "models", "cardio", version, by="a", reason="r", at=NOW)
        assert read_decision(store, "models", "cardio").version is None
    assert [record.version for record in read_log(store, "models", "cardio")] == [first], "none was overwritten"


@pytest.mark.parametrize(("by", "reason"), [("root", ""), ("root", "  "), ("", "why"), ("root", "dict\udcc3e")])
def test_a_promotion_without_an_account_of_itself_is_refused(
    store: ObjectStore, bucket: str, tmp_path: Path, by: str, reason: str
) -> None:
    version = publish(store, bucket, tmp_path, "A")
    with pytest.raises(PromotionRefused, match=r"who promotes|the reason"):
        promote(store, bucket, "cardio", version, by=by, reason=reason, at=NOW)
    assert read_log(store, bucket, "cardio") == []
