"""An object store in memory, for unit tests; it passes the same contract suite as the real one."""

import builtins
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..disk import local_file
from ..errors import BucketMissing, ObjectMissing, PreconditionFailed
from ..store import ObjectInfo


@dataclass(frozen=True, slots=True)
class _Object:
    data: bytes
    tags: Mapping[str, str]
    modified: datetime

    @property
    def etag(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()


class MemoryStore:
    """Thread-safe; every object is its bytes, its tags and the time it was written.

    Args:
        now: the clock that dates objects, for tests about age.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._buckets: dict[str, dict[str, _Object]] = {}
        self._lock = threading.Condition()
        self._now = now
        self._writes: list[tuple[str, str]] = []
        self._closed = False

    def where(self, bucket: str, key: str) -> str:
        return f"{bucket}/{key}"

    def ensure_bucket(self, bucket: str) -> None:
        with self._lock:
            self._buckets.setdefault(bucket, {})

    def put(self, bucket: str, key: str, data: bytes) -> None:
        with self._lock:
            self._write(bucket, key, _Object(data, {}, self._now()))

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        with self._lock:
            if key in self._bucket(bucket):
                raise PreconditionFailed(f"{bucket}/{key} exists")
            self._write(bucket, key, _Object(data, dict(tags or {}), self._now()))

    def replace(self, bucket: str, key: str, data: bytes, etag: str) -> None:
        with self._lock:
            found = self._bucket(bucket).get(key)
            if found is None or found.etag != etag:
                raise PreconditionFailed(f"{bucket}/{key} {'changed' if found else 'is gone'}")
            self._write(bucket, key, _Object(data, {}, self._now()))

    def upload(self, bucket: str, key: str, path: Path) -> None:
        self.put(bucket, key, path.read_bytes())

    def download(self, bucket: str, key: str, path: Path) -> None:
        data = self.get(bucket, key)
        with local_file(path):
            path.write_bytes(data)

    def stream(self, bucket: str, key: str) -> Iterator[bytes]:
        yield self.get(bucket, key)

    def get(self, bucket: str, key: str) -> bytes:
        with self._lock:
            return self._object(bucket, key).data

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        with self._lock:
            found = self._object(bucket, key)
            return ObjectInfo(size=len(found.data), etag=found.etag, modified=found.modified, asked=self._now())

    def exists(self, bucket: str, key: str) -> bool:
        with self._lock:
            return key in self._bucket(bucket)

    def list(self, bucket: str, prefix: str, start_after: str = "") -> builtins.list[str]:
        with self._lock:
            return sorted(key for key in self._bucket(bucket) if key.startswith(prefix) and key > start_after)

    def folders(self, bucket: str, prefix: str) -> builtins.list[str]:
        with self._lock:
            below = (key.removeprefix(prefix) for key in self._bucket(bucket) if key.startswith(prefix))
            return sorted({step.split("/")[0] for step in below if "/" in step})

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        with self._lock:
            return {key: len(found.data) for key, found in self._bucket(bucket).items() if key.startswith(prefix)}

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        with self._lock:
            return dict(self._object(bucket, key).tags)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        with self._lock:
            self._write(bucket, key, replace(self._object(bucket, key), tags=dict(tags)))

    def delete(self, bucket: str, key: str) -> None:
        with self._lock:
            self._bucket(bucket).pop(key, None)

    def listen(self, bucket: str, prefix: str) -> Iterator[None]:
        with self._lock:
            seen = len(self._writes)
        while True:
            with self._lock:
                self._lock.wait_for(lambda: len(self._writes) > seen or self._closed)  # noqa: B023 - called at once
                if self._closed:
                    return
                fresh, seen = self._writes[seen:], len(self._writes)
            if any(where == bucket and key.startswith(prefix) for where, key in fresh):
                yield

    def close(self) -> None:
        """End every `listen`."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def _write(self, bucket: str, key: str, written: _Object) -> None:
        self._bucket(bucket)[key] = written
        self._writes.append((bucket, key))
        self._lock.notify_all()

    def _bucket(self, bucket: str) -> dict[str, _Object]:
        if bucket not in self._buckets:
            raise BucketMissing(f"bucket {bucket} does not exist")
        return self._buckets[bucket]

    def _object(self, bucket: str, key: str) -> _Object:
        try:
            return self._bucket(bucket)[key]
        except KeyError as error:
            raise ObjectMissing(f"{bucket}/{key} does not exist") from error
