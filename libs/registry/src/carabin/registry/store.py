"""What the registry asks of an object store; `s3_store.py` is its S3 form."""

import builtins
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from .errors import ConditionsIgnored, PreconditionFailed

PROBE_KEY = ".carabin/conditional-write-probe"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of an object without its bytes."""

    size: int
    """Bytes."""
    etag: str
    """Changes whenever the bytes do, never with the tags alone; without quotes."""
    modified: datetime
    """When the bytes were written, by the store's clock; aware, in UTC."""
    asked: datetime
    """When the store answered, by its own clock, whole seconds as in HTTP: ages are measured by no other."""

    @property
    def age(self) -> timedelta:
        """How long ago the bytes were written, whatever this machine's clock says."""
        return self.asked - self.modified


class ObjectStore(Protocol):
    """What the registry asks of a store; every adapter passes the same contract suite."""

    def where(self, bucket: str, key: str) -> str:
        """Return how errors name the object: the store's address, where it has one, the bucket and the key."""

    def ensure_bucket(self, bucket: str) -> None:
        """Create the bucket unless it exists."""

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Write the object, over what was there."""

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        """Write a new object, with its tags, in one step; raise PreconditionFailed if it exists."""

    def replace(self, bucket: str, key: str, data: bytes, etag: str) -> None:
        """Overwrite the object whose etag is still `etag`; raise PreconditionFailed if it changed or is gone."""

    def upload(self, bucket: str, key: str, path: Path) -> None:
        """Put the file at `path`, of any size, without holding it in memory."""

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Write an object of any size to the file `path`; a failure leaves no file there.

        Raises:
            DiskFailed: the disk is full or may not be written.
        """

    def stream(self, bucket: str, key: str) -> Iterator[bytes]:
        """Yield the bytes of an object of any size, in order; what get would raise comes with the first of them."""

    def get(self, bucket: str, key: str) -> bytes:
        """Return the object's bytes."""

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        """Return what the store knows of the object without its bytes."""

    def exists(self, bucket: str, key: str) -> bool:
        """Return whether the object is there."""

    def list(self, bucket: str, prefix: str, start_after: str = "") -> builtins.list[str]:
        """Return all keys under `prefix` that sort after `start_after`, sorted: one request for each thousand."""

    def folders(self, bucket: str, prefix: str) -> builtins.list[str]:
        """Return the names of the folders right under `prefix`, which ends with '/' or is empty, sorted.

        One request for each thousand of them, whatever they hold.
        """

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        """Return the bytes of every object under `prefix` by key: one request for each thousand."""

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        """Return the object's tags."""

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Replace the whole tag set, as S3 does."""

    def delete(self, bucket: str, key: str) -> None:
        """Delete the object; one that is not there is no error."""

    def listen(self, bucket: str, prefix: str) -> Iterator[None]:
        """Yield at each write under `prefix`, blocking in between; raise StoreError where it has no notifications.

        Events may be lost: they only say when to look, never what changed.
        """


def require_conditional_writes(store: ObjectStore, bucket: str) -> None:
    """Verify that the store honours `create` and `replace`; several accept the header and overwrite all the same.

    Raises:
        ConditionsIgnored: promotions and leases on this store would not be safe.
    """
    store.put(bucket, PROBE_KEY, b"first")
    attempts: Mapping[str, Callable[[], None]] = {
        "If-None-Match": lambda: store.create(bucket, PROBE_KEY, b"second"),
        "If-Match": lambda: store.replace(bucket, PROBE_KEY, b"second", "0" * 32),
    }
    try:
        for header, attempt in attempts.items():
            try:
                attempt()
            except PreconditionFailed:
                continue
            raise ConditionsIgnored(f"the store behind bucket {bucket!r} ignores {header}: use one that honours it")
    finally:
        store.delete(bucket, PROBE_KEY)
