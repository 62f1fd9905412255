"""The log is numbered, append-only, and says where a rollback goes."""

from datetime import UTC, datetime

import pytest
from carabin.registry.errors import ManifestInvalid, PromotionLost
from carabin.registry.layout import promotion_key
from carabin.registry.stages.promotions import PromotionRecord, append, read_head, read_log
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def record(number: int, step: str, previous: str | None = None) -> PromotionRecord:
    """`A` promotes version A, `<A` rolls back to it."""
    kind = "rollback" if step.startswith("<") else "promote"
    return PromotionRecord(
        number=number, version=step.lstrip("<"), previous=previous, by="me", reason="why", at=NOW, kind=kind, token=step
    )


def test_a_number_is_given_once_and_the_loser_learns_the_winner(store: ObjectStore, bucket: str) -> None:
    assert read_head(store, bucket, "cardio") is None
    append(store, bucket, "cardio", record(1, "A"))
    with pytest.raises(PromotionLost, match="promotion 1 went to A, by me: why"):
        append(store, bucket, "cardio", record(1, "B"))
    append(store, bucket, "cardio", record(2, "B"))
    assert [each.version for each in read_log(store, bucket, "cardio")] == ["A", "B"]
    assert read_head(store, bucket, "cardio") == record(2, "B")


def test_of_two_who_say_the_same_at_once_one_loses(store: ObjectStore, bucket: str) -> None:
    first, second = (PromotionRecord(**record(1, "A").model_dump(exclude={"token"})) for _ in range(2))
    append(store, bucket, "cardio", first)
    with pytest.raises(PromotionLost):
        append(store, bucket, "cardio", second)


def test_a_stray_object_beside_the_log_is_no_promotion(store: ObjectStore, bucket: str) -> None:
    append(store, bucket, "cardio", record(1, "A"))
    store.put(bucket, "cardio/promotions/notes.txt", b"call Dr Roux")
    assert read_head(store, bucket, "cardio") == record(1, "A")


def test_a_record_that_cannot_be_read_is_named() -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    store.put("models", promotion_key("cardio", 1), b"{")
    with pytest.raises(ManifestInvalid, match=r"models/cardio/promotions/0000000001\.json"):
        read_head(store, "models", "cardio")
