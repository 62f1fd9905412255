"""The object store: does it answer, honour conditions, keep tags, and agree on the time."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from carabin.registry.errors import AccessDenied, BucketMissing, PreconditionFailed, StoreError, StoreUnreachable
from carabin.registry.store import ObjectStore

from .report import Checked, Health

PREFIX = ".carabin/doctor-"
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""S3 refuses requests that are a quarter of an hour off; tokens and expiry dates suffer before."""
CLOCK_TIMEOUT_S = 5.0


def check_store(
    store: ObjectStore, bucket: str, endpoint: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Checked]:
    """List the bucket, then write a small object of our own under conditions, tag it, read its time, and delete it.

    Keys that may only read, as the transcriber's, end after the first step: what is left is for a key that may write.
    """
    name = f"object store {endpoint}"
    try:
        store.list(bucket, PREFIX)
    except StoreUnreachable as error:
        yield Checked(name, Health.FAILED, str(error), "is it up, and CARABIN_STORE_ENDPOINT its address from here?")
        return
    except AccessDenied as error:
        yield Checked(name, Health.FAILED, str(error), "look at CARABIN_STORE_ACCESS_KEY, _SECRET_KEY and the policy")
        return
    except BucketMissing as error:
        yield Checked(name, Health.FAILED, str(error), "run the bootstrap, or `carabin store start` on one machine")
        return
    yield Checked(name, Health.OK, f"it answers, and bucket {bucket} can be listed")
    key = f"{PREFIX}{uuid.uuid4().hex}"
    try:
        store.create(bucket, key, b"carabin", {"stage": "candidate"})
    except AccessDenied:
        yield Checked(
            f"{name}: writes", Health.SKIPPED, "these keys may only read; conditions, tags and clock were not tried",
            "run it once with keys that may write",
        )  # fmt: skip
        return
    try:
        yield from _writes(store, bucket, key, name, now())
    finally:
        store.delete(bucket, key)


def check_clock(
    endpoint: str, secure: bool, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Checked]:
    """Hold this machine's clock against the store's, by the `Date` of an answer, which needs no key (RFC 9110, 6.6.1).

    A store refuses signed requests whose time is a quarter of an hour off, which looks like wrong keys.
    """
    name = f"clock against {endpoint}"
    connection = (HTTPSConnection if secure else HTTPConnection)(endpoint, timeout=CLOCK_TIMEOUT_S)
    try:
        connection.request("HEAD", "/")
        sent = connection.getresponse().headers["Date"]
    except (OSError, HTTPException) as error:
        yield Checked(name, Health.SKIPPED, f"the store did not answer: {error}")
        return
    finally:
        connection.close()
    if sent is None:
        yield Checked(name, Health.SKIPPED, "the store does not say what time it is")
        return
    yield _clock(name, abs(parsedate_to_datetime(sent) - now()))


def _clock(name: str, difference: timedelta) -> Checked:
    apart = difference > MAX_CLOCK_DIFFERENCE
    return Checked(
        name, Health.FAILED if apart else Health.OK,
        f"its clock and this machine's are {difference.total_seconds():.0f} s apart",
        "let both follow a time server" if apart else "",
    )  # fmt: skip


def _writes(store: ObjectStore, bucket: str, key: str, name: str, now: datetime) -> Iterator[Checked]:
    try:
        store.create(bucket, key, b"again")
    except PreconditionFailed:
        yield Checked(f"{name}: conditional writes", Health.OK, "a second write under If-None-Match was refused")
    else:
        yield Checked(
            f"{name}: conditional writes", Health.FAILED,
            "If-None-Match is ignored: promotions can overwrite each other",
            "use a store that honours it (docs/operations.md has the list)",
        )  # fmt: skip
    try:
        tagged = store.get_tags(bucket, key) == {"stage": "candidate"}
    except StoreError:
        tagged = False
    yield Checked(
        f"{name}: tags", Health.OK if tagged else Health.FAILED,
        "an object keeps the tags it was written with" if tagged else "an object lost the tags it was written with",
        "" if tagged else "use a store with object tags",
    )  # fmt: skip
    yield _clock(f"{name}: clock", abs(store.stat(bucket, key).modified - now))
