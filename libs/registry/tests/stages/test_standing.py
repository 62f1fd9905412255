"""What stands before a promotion, also where the newest record, its tags or its manifest are lost."""

from pathlib import Path

from carabin.registry.layout import manifest_key, promotion_key
from carabin.registry.stages.promote import promote
from carabin.registry.stages.standing import Standing, read_standing
from carabin.registry.store import ObjectStore

from ..helpers.versions import NAME, NOW, publish


def standing_of_two(store: ObjectStore, bucket: str, folder: Path) -> tuple[str, str]:
    first = publish(store, bucket, folder, "first", metrics={"wer": 0.3})
    second = publish(store, bucket, folder, "second", metrics={"wer": 0.2})
    for version in (first, second):
        promote(store, bucket, NAME, version, by="a", reason="r", at=NOW)
    return first, second


def test_nothing_stands_before_the_first_promotion(store: ObjectStore, bucket: str) -> None:
    found = read_standing(store, bucket, NAME)
    assert found == Standing(0, None, None, None, (None,), {})
    assert found.metrics(store, bucket, NAME) == {}


def test_the_newest_record_says_what_is_in_production(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    _, second = standing_of_two(store, bucket, tmp_path)
    found = read_standing(store, bucket, NAME)
    assert (found.number, found.current, found.former) == (2, second, (second,))
    assert found.newest is not None
    assert found.document == store.get(bucket, promotion_key(NAME, 2))
    assert found.tags[second]["stage"] == "production"
    assert found.metrics(store, bucket, NAME) == {"wer": 0.2}


def test_tags_that_say_another_version_are_believed_and_both_may_be_tagged(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    first, second = standing_of_two(store, bucket, tmp_path)
    store.set_tags(bucket, manifest_key(NAME, second), {"stage": "candidate"})
    store.set_tags(bucket, manifest_key(NAME, first), {"stage": "production"})
    found = read_standing(store, bucket, NAME)
    assert (found.number, found.current) == (2, first)
    assert set(found.former) == {first, second}
    assert found.metrics(store, bucket, NAME) == {"wer": 0.3}


def test_a_record_that_cannot_be_read_leaves_its_number_and_what_the_tags_say(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    _, second = standing_of_two(store, bucket, tmp_path)
    store.put(bucket, promotion_key(NAME, 2), b"{")
    found = read_standing(store, bucket, NAME)
    assert (found.number, found.newest, found.document, found.current) == (2, None, b"{", second)
    assert found.metrics(store, bucket, NAME) == {"wer": 0.2}, "by its manifest"


def test_a_manifest_that_cannot_be_read_has_no_metrics(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    _, second = standing_of_two(store, bucket, tmp_path)
    store.put(bucket, promotion_key(NAME, 2), b"{")
    found = read_standing(store, bucket, NAME)
    store.put(bucket, manifest_key(NAME, second), b"{")
    assert found.metrics(store, bucket, NAME) == {}
