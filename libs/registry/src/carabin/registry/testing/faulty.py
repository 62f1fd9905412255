"""A store that breaks where a test says, around any other store."""

import builtins
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import StoreUnreachable
from ..store import ObjectInfo, ObjectStore


class FaultyStore:
    """Passes requests on to `store`, and raises `error` in place of one of them.

    Args:
        fail_at: how many requests succeed first; None never fails.
        error: raised in place of the next request, and of each later one while `stays_broken`.
        writes_only: count and break writes alone: where a crash matters is between two of them.

    Example: a program killed before its third write is `FaultyStore(store, 2, KeyboardInterrupt(), writes_only=True)`.
    """

    def __init__(
        self,
        store: ObjectStore,
        fail_at: int | None = None,
        error: BaseException | None = None,
        *,
        writes_only: bool = False,
        stays_broken: bool = True,
    ) -> None:
        self._store = store
        self._fail_at, self._stays_broken, self._writes_only = fail_at, stays_broken, writes_only
        self._error = error or StoreUnreachable("the store does not answer")
        self.requests = 0
        """How many requests were counted, the broken one included."""

    @property
    def failed(self) -> bool:
        """Whether it has broken."""
        return self._fail_at is not None and self.requests > self._fail_at

    def fail_from_now(self) -> None:
        """Break the next request."""
        self._fail_at = self.requests

    def heal(self) -> None:
        """Never fail again."""
        self._fail_at = None

    def where(self, bucket: str, key: str) -> str:
        return self._store.where(bucket, key)

    def ensure_bucket(self, bucket: str) -> None:
        self._count(write=True)
        self._store.ensure_bucket(bucket)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self._count(write=True)
        self._store.put(bucket, key, data)

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        self._count(write=True)
        self._store.create(bucket, key, data, tags)

    def replace(self, bucket: str, key: str, data: bytes, etag: str) -> None:
        self._count(write=True)
        self._store.replace(bucket, key, data, etag)

    def upload(self, bucket: str, key: str, path: Path) -> None:
        self._count(write=True)
        self._store.upload(bucket, key, path)

    def download(self, bucket: str, key: str, path: Path) -> None:
        self._count()
        self._store.download(bucket, key, path)

    def stream(self, bucket: str, key: str) -> Iterator[bytes]:
        self._count()
        return self._store.stream(bucket, key)

    def get(self, bucket: str, key: str) -> bytes:
        self._count()
        return self._store.get(bucket, key)

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        self._count()
        return self._store.stat(bucket, key)

    def exists(self, bucket: str, key: str) -> bool:
        self._count()
        return self._store.exists(bucket, key)

    def list(self, bucket: str, prefix: str, start_after: str = "") -> builtins.list[str]:
        self._count()
        return self._store.list(bucket, prefix, start_after)

    def folders(self, bucket: str, prefix: str) -> builtins.list[str]:
        self._count()
        return self._store.folders(bucket, prefix)

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        self._count()
        return self._store.sizes(bucket, prefix)

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        self._count()
        return self._store.get_tags(bucket, key)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        self._count(write=True)
        self._store.set_tags(bucket, key, tags)

    def delete(self, bucket: str, key: str) -> None:
        self._count(write=True)
        self._store.delete(bucket, key)

    def listen(self, bucket: str, prefix: str) -> Iterator[None]:
        self._count()
        return self._store.listen(bucket, prefix)

    def _count(self, *, write: bool = False) -> None:
        if self._writes_only and not write:
            return
        self.requests += 1
        if self._fail_at is None:
            return
        if self.requests == self._fail_at + 1 or (self._stays_broken and self.requests > self._fail_at):
            raise self._error
