"""An object store in memory, for unit tests; it passes the same contract suite as the real one."""

import threading
from collections.abc import Mapping

from .errors import BucketMissing, ObjectMissing, PreconditionFailed


class MemoryStore:
    """Thread-safe; every object is its bytes and its tags."""

    def __init__(self) -> None:
        self._buckets: dict[str, dict[str, tuple[bytes, dict[str, str]]]] = {}
        self._lock = threading.Lock()

    def ensure_bucket(self, bucket: str) -> None:
        with self._lock:
            self._buckets.setdefault(bucket, {})

    def put(self, bucket: str, key: str, data: bytes) -> None:
        with self._lock:
            self._bucket(bucket)[key] = (data, {})

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        with self._lock:
            if key in self._bucket(bucket):
                raise PreconditionFailed(f"{bucket}/{key} exists")
            self._bucket(bucket)[key] = (data, dict(tags or {}))

    def get(self, bucket: str, key: str) -> bytes:
        with self._lock:
            return self._object(bucket, key)[0]

    def exists(self, bucket: str, key: str) -> bool:
        with self._lock:
            return key in self._bucket(bucket)

    def list(self, bucket: str, prefix: str) -> list[str]:
        with self._lock:
            return sorted(key for key in self._bucket(bucket) if key.startswith(prefix))

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        with self._lock:
            return dict(self._object(bucket, key)[1])

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        with self._lock:
            self._bucket(bucket)[key] = (self._object(bucket, key)[0], dict(tags))

    def delete(self, bucket: str, key: str) -> None:
        with self._lock:
            self._bucket(bucket).pop(key, None)

    def _bucket(self, bucket: str) -> dict[str, tuple[bytes, dict[str, str]]]:
        if bucket not in self._buckets:
            raise BucketMissing(f"bucket {bucket} does not exist")
        return self._buckets[bucket]

    def _object(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]]:
        try:
            return self._bucket(bucket)[key]
        except KeyError as error:
            raise ObjectMissing(f"{bucket}/{key} does not exist") from error
