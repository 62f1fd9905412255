"""The tags of a promotion: what was cut off is finished, a newer record wins, and the hospital's own tags stay."""

import json
from pathlib import Path

import pytest
from carabin.registry.errors import ManifestInvalid, StoreUnreachable
from carabin.registry.layout import manifest_key
from carabin.registry.stages.apply import apply, repair, tag_value
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import PromotionRecord, append
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many


def logged(store: ObjectStore, bucket: str, number: int, version: str) -> PromotionRecord:
    """Write the record of a promotion, and none of its tags."""
    record = PromotionRecord(number=number, version=version, previous=None, by="dr-a", reason="r", at=NOW)
    append(store, bucket, NAME, record)
    return record


def test_a_promotion_cut_off_before_its_tags_is_finished_once(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    assert repair(store, bucket, NAME) is None
    apply(store, bucket, NAME, logged(store, bucket, 1, first))
    cut_off = logged(store, bucket, 2, second)
    decision = read_decision(store, bucket, NAME)
    assert (decision.version, decision.pending) == (first, second)
    assert repair(store, bucket, NAME) == cut_off
    assert read_decision(store, bucket, NAME) == Decision(version=second)
    assert store.get_tags(bucket, manifest_key(NAME, first))["stage"] == "archived"
    assert repair(store, bucket, NAME) is None


def test_a_promotion_that_came_meanwhile_is_the_one_in_force(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    older, newer = logged(store, bucket, 1, first), logged(store, bucket, 2, second)
    assert apply(store, bucket, NAME, older) == newer
    assert read_decision(store, bucket, NAME) == Decision(version=second)


def test_a_holder_of_a_newer_promotion_is_not_demoted(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    store.set_tags(bucket, manifest_key(NAME, second), {"stage": "production", "promotion-seq": "7"})
    apply(store, bucket, NAME, logged(store, bucket, 1, first), [second])
    assert store.get_tags(bucket, manifest_key(NAME, second))["stage"] == "production"


class Stuck(MemoryStore):
    """Does not answer about the tags of one version."""

    stuck = ""

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        if self.stuck and self.stuck in key:
            raise StoreUnreachable("the store does not answer")
        return super().get_tags(bucket, key)


def test_a_leftover_holder_that_cannot_be_tagged_stops_no_promotion(tmp_path: Path) -> None:
    store = Stuck()
    store.ensure_bucket("models")
    first, second = publish_many(store, "models", tmp_path, 2)
    store.stuck = first
    record = logged(store, "models", 1, second)
    assert apply(store, "models", NAME, record, [first]) == record
    assert store.get_tags("models", manifest_key(NAME, second))["stage"] == "production"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("dr.a@chu-example.org", "dr.a@chu-example.org"),
        ("Dr Élise Roux & co", "Dr _lise Roux _ co"),
        ("x" * 300, "x" * 256),
    ],
)
def test_a_tag_says_what_every_store_allows(text: str, kept: str) -> None:
    assert tag_value(text) == kept


def test_the_hospitals_own_tags_stay_as_far_as_they_fit(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    (version,) = publish_many(store, bucket, tmp_path, 1)
    own = {f"own-{number}": "x" for number in range(9)}
    store.set_tags(bucket, manifest_key("cardio", version), {"stage": "candidate", **own})
    promote(store, bucket, "cardio", version, by="a", reason="r", at=NOW)
    tags = store.get_tags(bucket, manifest_key("cardio", version))
    assert tags["stage"] == "production"
    assert len(tags) == 10


def overwritten(store: ObjectStore, bucket: str, version: str, **fields: object) -> None:
    """Write another manifest over a version's, as the exporter's key may; its tags are gone with it."""
    key = manifest_key(NAME, version)
    document = {**json.loads(store.get(bucket, key)), **fields}
    store.put(bucket, key, json.dumps(document).encode())


def test_a_manifest_that_was_changed_since_its_promotion_is_not_put_into_production(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    (version,) = publish_many(store, bucket, tmp_path, 1)
    promote(store, bucket, NAME, version, by="a", reason="r", at=NOW)
    overwritten(store, bucket, version, metrics={"wer": 0.0})
    with pytest.raises(ManifestInvalid, match=f"{version} is not as it was when promotion 1 put it into use"):
        repair(store, bucket, NAME)
    assert read_decision(store, bucket, NAME).version is None


def test_a_promotion_of_an_old_release_is_finished_without_a_look_at_the_manifest(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    (version,) = publish_many(store, bucket, tmp_path, 1)
    record = logged(store, bucket, 1, version)
    assert record.manifest_sha256 is None
    overwritten(store, bucket, version, metrics={"wer": 0.0})
    assert repair(store, bucket, NAME) == record
    assert read_decision(store, bucket, NAME).version == version
