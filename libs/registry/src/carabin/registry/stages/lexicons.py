"""Versions of a lexicon beside a model, promoted and rolled back as models are: in a log that is written once.

A lexicon is known to the registry as `<model>.lexicon.<name>`: its versions and its promotions lie under that name, as
a model's do under its own.
Over 200 lines: a lexicon has no manifest, so that its versions, its log and what is in use are one thing.
"""

import hashlib
from datetime import datetime
from typing import Final, Literal

from ..errors import ManifestInvalid, ObjectMissing, PromotionRefused, StalePromotion, VersionMissing
from ..layout import LEXICON_FILE, is_safe_name, safe_name, versions_prefix, vocabularies_prefix
from ..store import ObjectStore
from .former import former_holder
from .lexicon_keys import INFIX, VOCABULARY, is_named_after, lexicon_id, lexicon_key, version_name
from .promotions import PromotionRecord, append, read_head, read_log, require_account, require_as_promoted

_NOTHING: Final = b"# withdrawn: no lexicon of this name is in use\n"


def publish_lexicon(store: ObjectStore, bucket: str, model: str, name: str, data: bytes, at: datetime) -> str:
    """Store a version, which is not in production yet, and return its name; equal bytes are one version.

    The name is the time of the first publication and the beginning of the bytes' SHA-256.
    """
    versions = lexicon_versions(store, bucket, model, name)
    known = next((version for version in versions if is_named_after(version, data)), None)
    if known is not None:
        return known
    version = version_name(data, at)
    store.create(bucket, lexicon_key(model, name, version), data)
    return version


def lexicon_versions(store: ObjectStore, bucket: str, model: str, name: str) -> list[str]:
    """Return the versions of a lexicon, oldest first."""
    prefix = versions_prefix(lexicon_id(model, name))
    keys = (key for key in store.list(bucket, prefix) if key.endswith(f"/{LEXICON_FILE}"))
    return sorted(key.removeprefix(prefix).removesuffix(f"/{LEXICON_FILE}") for key in keys)


def read_lexicon(store: ObjectStore, bucket: str, model: str, name: str, version: str) -> bytes:
    """Return a version's file.

    Raises:
        VersionMissing: there is no such version.
        ManifestInvalid: its bytes are not those that it is named after.
    """
    try:
        data = store.get(bucket, lexicon_key(model, name, version))
    except ObjectMissing as error:
        raise VersionMissing(f"lexicon {name} of {model} has no version {version}") from error
    if not is_named_after(version, data):
        raise ManifestInvalid(f"lexicon {name} of {model}: the file of {version} was changed since it was published")
    return data


def promote_lexicon(
    store: ObjectStore,
    bucket: str,
    model: str,
    name: str,
    version: str,
    *,
    by: str,
    reason: str,
    at: datetime,
    expect: str | None = None,
) -> PromotionRecord:
    """Put a version into use: sessions that are open use it from their next final on.

    Args:
        expect: refuse unless this version is in use now; None does not ask.

    Raises:
        VersionMissing: there is no such version.
        PromotionRefused: `by` or `reason` is empty, or no text.
        StalePromotion: another version than `expect` is in use.
        PromotionLost: somebody promoted at the same time; the message names the winner.
    """
    head = read_head(store, bucket, lexicon_id(model, name))
    current = head.version if head else None
    if expect is not None and current != expect:
        raise StalePromotion(f"lexicon {name} of {model}: {current or 'no version'} is in use, not {expect}")
    return _promote(store, bucket, model, name, version, head, by=by, reason=reason, at=at)


def rollback_lexicon(
    store: ObjectStore, bucket: str, model: str, name: str, *, by: str, reason: str, at: datetime
) -> PromotionRecord:
    """Put the version before the current one into use again.

    Raises:
        PromotionRefused: there is none before it, or no such lexicon.
        PromotionLost: somebody promoted at the same time; the message names the winner.
    """
    log = lexicon_log(store, bucket, model, name)
    head = log[-1] if log else None
    current = head.version if head else None
    if current is None and name not in unversioned_vocabularies(store, bucket, model):
        raise PromotionRefused(f"no lexicon {name} of {model} was promoted; {_held(store, bucket, model)}")
    versions = lexicon_versions(store, bucket, model, name)
    by_number = {record.number: record for record in log}
    former = former_holder(by_number.get, max(by_number, default=0), current, versions.__contains__)
    if former is None:
        withdrawn = current is not None and is_withdrawal(current)
        way_out = "it is withdrawn" if withdrawn else "`carabin lexicon withdraw` takes it out of use"
        raise PromotionRefused(
            f"lexicon {name} of {model} has no version before {current or 'its first promotion'}; {way_out}"
        )
    return _promote(store, bucket, model, name, former.version, head, by=by, reason=reason, at=at, kind="rollback")


def withdraw_lexicon(
    store: ObjectStore, bucket: str, model: str, name: str, *, by: str, reason: str, at: datetime
) -> PromotionRecord:
    """Take a lexicon out of use: a version without an entry is promoted, so that the log has it and a rollback ends it.

    Raises:
        PromotionRefused: none is in use.
        PromotionLost: somebody promoted at the same time; the message names the winner.
    """
    head = read_head(store, bucket, lexicon_id(model, name))
    used = head is not None and not is_withdrawal(head.version)
    if not used and name not in unversioned_vocabularies(store, bucket, model):
        raise PromotionRefused(f"no version of the lexicon {name} of {model} is in use; {_held(store, bucket, model)}")
    version = publish_lexicon(store, bucket, model, name, _NOTHING, at)
    return _promote(store, bucket, model, name, version, head, by=by, reason=reason, at=at)


def is_withdrawal(version: str) -> bool:
    """Say whether a version only stands for a lexicon's withdrawal."""
    return is_named_after(version, _NOTHING)


def lexicon_log(store: ObjectStore, bucket: str, model: str, name: str) -> list[PromotionRecord]:
    """Return who put which version into use, when and why, oldest first."""
    return read_log(store, bucket, lexicon_id(model, name))


def lexicon_names(store: ObjectStore, bucket: str, model: str) -> list[str]:
    """Return the lexicons of a model that have a version."""
    prefix = f"{safe_name(model)}{INFIX}"
    return sorted({key.removeprefix(prefix).split("/")[0] for key in store.list(bucket, prefix)})


def production_lexicons(store: ObjectStore, bucket: str, model: str) -> dict[str, tuple[str, str]]:
    """Return (version, key) of each lexicon of a model that is in use, by name; none that was withdrawn."""
    found: dict[str, tuple[str, str]] = {}
    for name in lexicon_names(store, bucket, model):
        head = read_head(store, bucket, lexicon_id(model, name))
        if head is not None and not is_withdrawal(head.version):
            found[name] = head.version, lexicon_key(model, name, head.version)
    return found


def lexicons_in_use(store: ObjectStore, bucket: str, model: str) -> dict[str, tuple[str, str]]:
    """Return (version, key) of each lexicon that the transcriber reads, by its name; an ETag is the version of an old
    vocabulary."""
    return unversioned_vocabularies(store, bucket, model) | production_lexicons(store, bucket, model)


def read_in_use(store: ObjectStore, bucket: str, model: str, name: str, version: str, key: str) -> bytes:
    """Return the file of a lexicon that `lexicons_in_use` named.

    Raises:
        ObjectMissing: it is gone.
        ManifestInvalid: it is not the one that was promoted.
    """
    data = store.get(bucket, key)
    if is_safe_name(name):  # a vocabulary of an old release may have another name, and then it has no promotion
        require_as_promoted(store, bucket, lexicon_id(model, name), version, data)
    return data


def unversioned_vocabularies(store: ObjectStore, bucket: str, model: str) -> dict[str, tuple[str, str]]:
    """Return (ETag, key) of each vocabulary stored before they had versions, by its lexicon's name.

    One of which a version was promoted since is not among them.
    """
    prefix = vocabularies_prefix(model)
    keys = (key for key in store.list(bucket, prefix) if key.endswith(".txt"))
    named = {f"{VOCABULARY}{key.removeprefix(prefix).removesuffix('.txt')}": key for key in keys}
    return {
        name: (store.stat(bucket, key).etag, key)
        for name, key in named.items()
        if not is_safe_name(name) or read_head(store, bucket, lexicon_id(model, name)) is None
    }


def _promote(
    store: ObjectStore,
    bucket: str,
    model: str,
    name: str,
    version: str,
    head: PromotionRecord | None,
    *,
    by: str,
    reason: str,
    at: datetime,
    kind: Literal["promote", "rollback"] = "promote",
) -> PromotionRecord:
    """Write the promotion behind `head`, the newest one when the decision was made: a newer one takes the number."""
    data = read_lexicon(store, bucket, model, name, version)
    require_account(by, reason)
    record = PromotionRecord(
        number=head.number + 1 if head else 1,
        version=version,
        previous=head.version if head else None,
        by=by,
        reason=reason,
        at=at,
        kind=kind,
        manifest_sha256=hashlib.sha256(data).hexdigest(),
    )
    append(store, bucket, lexicon_id(model, name), record)
    return record


def _held(store: ObjectStore, bucket: str, model: str) -> str:
    names = sorted(lexicons_in_use(store, bucket, model))
    return f"in use are {', '.join(names)}" if names else f"{model} has no lexicon in use"
