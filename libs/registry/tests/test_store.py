"""The contract of an object store; the fake and the real one answer alike."""

import errno
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.errors import (
    BucketMissing,
    ConditionsIgnored,
    DiskFailed,
    ObjectMissing,
    PreconditionFailed,
)
from carabin.registry.s3_store import PART_BYTES
from carabin.registry.store import PROBE_KEY, ObjectStore, require_conditional_writes
from carabin.registry.testing.memory import MemoryStore


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


def test_replace_overwrites_only_what_was_read(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "lease", b"first")
    seen = store.stat(bucket, "lease").etag
    store.replace(bucket, "lease", b"second", seen)
    assert store.get(bucket, "lease") == b"second"
    with pytest.raises(PreconditionFailed):
        store.replace(bucket, "lease", b"third", seen)
    assert store.get(bucket, "lease") == b"second"


def test_replace_never_creates(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(PreconditionFailed, match="lease"):
        store.replace(bucket, "lease", b"data", "0" * 32)
    assert not store.exists(bucket, "lease")


def test_tags_alone_do_not_change_the_etag(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "manifest.json", b"{}")
    before = store.stat(bucket, "manifest.json")
    store.set_tags(bucket, "manifest.json", {"stage": "production"})
    assert store.stat(bucket, "manifest.json").etag == before.etag


def test_stat_gives_size_and_age(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "file", b"12345")
    found = store.stat(bucket, "file")
    assert found.size == 5
    assert abs(datetime.now(UTC) - found.modified) < timedelta(minutes=5)
    with pytest.raises(ObjectMissing, match="nowhere"):
        store.stat(bucket, "nowhere")


@pytest.mark.parametrize("size", [0, 5, PART_BYTES + 1])
def test_a_file_of_any_size_comes_back_as_it_went(store: ObjectStore, bucket: str, tmp_path: Path, size: int) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes((b"0123456789abcdef" * (size // 16 + 1))[:size])
    store.upload(bucket, "file", sent)
    assert store.stat(bucket, "file").size == size
    store.download(bucket, "file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == sent.read_bytes()
    assert b"".join(store.stream(bucket, "file")) == sent.read_bytes()


def test_a_download_of_nothing_leaves_what_lies_there(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    target = tmp_path / "got"
    target.write_bytes(b"mine")
    with pytest.raises(ObjectMissing):
        store.download(bucket, "nowhere", target)
    assert target.read_bytes() == b"mine"


def test_a_full_disk_is_named_as_one_and_leaves_no_half_file(
    store: ObjectStore, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(bucket, "file", b"data")
    target = tmp_path / "got"

    def full(path: Path, *args: object, **kwargs: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(DiskFailed, match=r"got: No space left on device"):
            store.download(bucket, "file", target)
    assert not target.exists()


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
    with pytest.raises(ObjectMissing, match="nowhere"):
        next(store.stream(bucket, "nowhere"))
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


class HalfCarefulStore(MemoryStore):
    """Honours If-None-Match and ignores If-Match, as one release of a well-known store did."""

    def replace(self, bucket: str, key: str, data: bytes, etag: str) -> None:
        self.put(bucket, key, data)


@pytest.mark.parametrize(("kind", "header"), [(CarelessStore, "If-None-Match"), (HalfCarefulStore, "If-Match")])
def test_a_store_that_ignores_conditions_is_refused(kind: type[MemoryStore], header: str) -> None:
    store = kind()
    store.ensure_bucket("models")
    with pytest.raises(ConditionsIgnored, match=f"ignores {header}"):
        require_conditional_writes(store, "models")
    assert not store.exists("models", PROBE_KEY)
