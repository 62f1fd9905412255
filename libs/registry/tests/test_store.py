"""The contract of an object store; the fake and the real one answer alike."""

from collections.abc import Mapping

import pytest
from carabin.registry.errors import (
    AccessDenied,
    BucketMissing,
    ConditionsIgnored,
    ObjectMissing,
    PreconditionFailed,
    StoreUnreachable,
)
from carabin.registry.fakes import MemoryStore
from carabin.registry.store import PROBE_KEY, MinioStore, ObjectStore, require_conditional_writes

from .conftest import settings


def test_what_was_put_is_got_listed_and_deleted(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "a/2", b"two")
    store.put(bucket, "a/1", b"one")
    store.put(bucket, "b/1", b"other")
    assert store.get(bucket, "a/1") == b"one"
    assert store.list(bucket, "a/") == ["a/1", "a/2"]
    store.delete(bucket, "a/1")
    assert not store.exists(bucket, "a/1")
    assert store.exists(bucket, "a/2")


def test_create_never_overwrites_and_tags_at_birth(store: ObjectStore, bucket: str) -> None:
    store.create(bucket, "manifest.json", b"first", {"stage": "candidate"})
    with pytest.raises(PreconditionFailed):
        store.create(bucket, "manifest.json", b"second", {"stage": "production"})
    assert store.get(bucket, "manifest.json") == b"first"
    assert store.get_tags(bucket, "manifest.json") == {"stage": "candidate"}


def test_setting_tags_replaces_the_whole_set(store: ObjectStore, bucket: str) -> None:
    store.create(bucket, "manifest.json", b"{}", {"stage": "candidate", "note": "kept?"})
    store.set_tags(bucket, "manifest.json", {"stage": "production", "promoted-at": "2026-11-23T10:15:00Z"})
    assert store.get_tags(bucket, "manifest.json") == {"stage": "production", "promoted-at": "2026-11-23T10:15:00Z"}


def test_an_object_without_tags_has_an_empty_set(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "file", b"")
    assert store.get_tags(bucket, "file") == {}


def test_missing_things_are_named(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(ObjectMissing, match="nowhere"):
        store.get(bucket, "nowhere")
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        store.get("no-such-bucket", "key")


def test_ensure_bucket_may_be_repeated(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "key", b"kept")
    store.ensure_bucket(bucket)
    assert store.get(bucket, "key") == b"kept"


def test_a_store_that_honours_conditions_passes_the_probe_and_keeps_no_trace(store: ObjectStore, bucket: str) -> None:
    require_conditional_writes(store, bucket)
    assert not store.exists(bucket, PROBE_KEY)


class CarelessStore(MemoryStore):
    """Accepts the condition and ignores it, as some stores do."""

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        self.put(bucket, key, data)


def test_a_store_that_ignores_conditions_is_refused() -> None:
    store = CarelessStore()
    store.ensure_bucket("models")
    with pytest.raises(ConditionsIgnored, match="ignores If-None-Match"):
        require_conditional_writes(store, "models")


def test_a_wrong_secret_is_denied(s3_endpoint: str) -> None:
    with pytest.raises(AccessDenied):
        MinioStore(settings(s3_endpoint, secret="wrong-secret")).ensure_bucket("models")


def test_a_store_that_is_away_is_unreachable_and_named() -> None:
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1/models"):
        MinioStore(settings("127.0.0.1:1")).ensure_bucket("models")
