"""What stands before a promotion: the end of the log, and the version in production."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..artifacts.publish import read_manifest
from ..errors import ManifestInvalid, VersionMissing
from ..layout import promotion_key
from ..store import ObjectStore
from .promotions import PromotionRecord, last_number
from .read import read_tags, tags_in_force
from .resolve import resolve


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at a model's promotions."""

    number: int
    """Of the newest promotion, 0 where there is none."""
    newest: PromotionRecord | None
    """None where it cannot be read: that must not keep a good version from being promoted."""
    document: bytes | None
    """Its bytes as they are stored."""
    current: str | None
    """The version in production."""
    former: tuple[str | None, ...]
    """Versions that may be tagged production beside `current`."""
    tags: Mapping[str, Mapping[str, str]]
    """Of the version in production, where they had to be read."""

    def metrics(self, store: ObjectStore, bucket: str, name: str) -> Mapping[str, float]:
        """Return production's; a manifest of it that cannot be read must not keep a good version from replacing it."""
        if self.current is None:
            return {}
        if self.newest and self.newest.version == self.current and self.newest.metrics is not None:
            return self.newest.metrics
        try:
            return read_manifest(store, bucket, name, self.current).metrics
        except (ManifestInvalid, VersionMissing):
            return {}


def read_standing(store: ObjectStore, bucket: str, name: str) -> Standing:
    """Read the log before the tags: a promotion in between takes our number, and then we lose rather than overwrite.

    Raises:
        StoreError: the store cannot be read.
    """
    number = last_number(store, bucket, name)
    newest, document = None, None
    if number:
        key = promotion_key(name, number)
        document = store.get(bucket, key)
        with suppress(ManifestInvalid):
            newest = PromotionRecord.from_bytes(document, store.where(bucket, key))
    if newest and (tags := tags_in_force(store, bucket, name, newest)):
        return Standing(number, newest, document, newest.version, (newest.version,), {newest.version: tags})
    current = resolve(read_tags(store, bucket, name)).version
    former = (newest.version, newest.previous) if newest else ()
    return Standing(number, newest, document, current, (current, *former), {})
