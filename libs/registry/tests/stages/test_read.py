"""What the store says now: a version pruned meanwhile is passed over, and a spoiled log never stops what serves."""

from pathlib import Path

from carabin.registry.layout import manifest_key, promotion_key
from carabin.registry.stages.promote import promote
from carabin.registry.stages.read import read_decision, read_tags
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many


class Pruned(MemoryStore):
    """Loses one version between the listing and the reading of its tags."""

    lost = ""

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        if self.lost and self.lost in key:
            self.delete(bucket, key)
        return super().get_tags(bucket, key)


def test_a_version_that_is_pruned_while_it_is_read_is_passed_over(tmp_path: Path) -> None:
    store = Pruned()
    store.ensure_bucket("models")
    store.lost, kept = publish_many(store, "models", tmp_path, 2)
    assert list(read_tags(store, "models", NAME)) == [kept]


def test_a_tag_that_lags_behind_the_log_is_a_pending_promotion(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, NAME, first, by="a", reason="r", at=NOW)
    promote(store, bucket, NAME, second, by="a", reason="r", at=NOW)
    store.set_tags(bucket, manifest_key(NAME, second), {"stage": "candidate"})
    store.set_tags(bucket, manifest_key(NAME, first), {"stage": "production", "promotion-seq": "1"})
    decision = read_decision(store, bucket, NAME)
    assert (decision.version, decision.pending) == (first, second)
    assert f"the promotion of {second} was cut off" in decision.problems[0]


def test_a_record_that_cannot_be_read_stops_neither_serving_nor_the_next_promotion(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    old, new = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, "cardio", old, by="a", reason="r", at=NOW)
    store.create(bucket, promotion_key("cardio", 2), b'{"schema_version": 99}')
    decision = read_decision(store, bucket, "cardio")
    assert decision.version == old
    assert "0000000002.json: schema_version: 99 is newer" in decision.problems[0]
    assert promote(store, bucket, "cardio", new, by="a", reason="r", at=NOW).number == 3
    assert read_decision(store, bucket, "cardio") == Decision(version=new)
