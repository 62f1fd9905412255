"""The one seam to the `minio` client: any S3 store.

Over 200 lines: a seam to a library is one module, so that its types and errors stay behind it.
"""

import builtins
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError

from minio import Minio, S3Error
from minio.commonconfig import Tags
from minio.error import InvalidResponseError, ServerError
from urllib3 import Retry, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError
from urllib3.poolmanager import PoolManager

from .conditional import until_answered
from .disk import local_file
from .errors import (
    AccessDenied,
    BucketMissing,
    ClockSkewed,
    ObjectMissing,
    PreconditionFailed,
    StoreError,
    StoreNotConfigured,
    StoreUnreachable,
)
from .settings import StoreSettings
from .store import ObjectInfo

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0

FAILURES = (500, 502, 503, 504)
"""Statuses of a store that fails, and may not the next time."""

NO_TLS = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "record layer failure")
"""What OpenSSL says of an answer that is no TLS, by its release."""

MAX_CONNECTIONS = 16
"""Kept open to the store: the parts of an upload and the threads of a service share them."""

MAX_SKEW = timedelta(minutes=15)
"""S3 refuses a request whose time is further from its own."""

CHUNK_BYTES = 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
"""Bytes of one part of a multipart upload: 10,000 of them, S3's limit, hold 160 GB; a few are in memory at once."""


class MinioStore:
    """Any S3 store, through the `minio` client."""

    def __init__(self, settings: StoreSettings) -> None:
        self._endpoint = settings.endpoint
        self._client = self._connect(settings, Retry(total=2, backoff_factor=0.2, status_forcelist=FAILURES))
        # Sends once: whether a conditional write was sent before decides what a refusal means.
        self._once = self._connect(settings, Retry(total=0, status_forcelist=FAILURES))

    @staticmethod
    def _connect(settings: StoreSettings, retries: Retry) -> Minio:
        timeout = Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        try:
            return Minio(
                settings.endpoint,
                access_key=settings.access_key,
                secret_key=settings.secret_key.get_secret_value(),
                secure=settings.secure,
                region=settings.region,
                http_client=PoolManager(maxsize=MAX_CONNECTIONS, timeout=timeout, retries=retries),
            )
        except ValueError as error:
            raise StoreNotConfigured(f"{settings.endpoint} cannot be used as an object store: {error}") from error

    def where(self, bucket: str, key: str) -> str:
        return f"{self._endpoint}/{bucket}/{key}"

    def ensure_bucket(self, bucket: str) -> None:
        with self._translated(bucket):
            if not self._client.bucket_exists(bucket):
                self._client.make_bucket(bucket)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        with self._translated(bucket, key):
            self._client.put_object(bucket, key, io.BytesIO(data), len(data))

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        headers = {"If-None-Match": "*"}
        if tags:
            headers["x-amz-tagging"] = "&".join(f"{name}={value}" for name, value in tags.items())
        self._write_on_condition(bucket, key, data, headers)

    def replace(self, bucket: str, key: str, data: bytes, etag: str) -> None:
        try:
            self._write_on_condition(bucket, key, data, {"If-Match": f'"{etag}"'})
        except ObjectMissing as error:
            raise PreconditionFailed(f"{self.where(bucket, key)}: it is gone") from error

    def _write_on_condition(self, bucket: str, key: str, data: bytes, headers: Mapping[str, str]) -> None:
        def write() -> None:
            with self._translated(bucket, key):
                # put_object(metadata=...) would send x-amz-meta-if-none-match, an unconditional overwrite.
                self._once._put_object(bucket, key, data, headers={**headers})

        def is_ours() -> bool:
            try:
                return self.get(bucket, key) == data
            except ObjectMissing:
                return False

        until_answered(write, is_ours)

    def upload(self, bucket: str, key: str, path: Path) -> None:
        with path.open("rb") as file, self._translated(bucket, key):
            self._client.put_object(bucket, key, file, path.stat().st_size, part_size=PART_BYTES)

    def download(self, bucket: str, key: str, path: Path) -> None:
        chunks = self.stream(bucket, key)
        first = next(chunks, b"")  # An object that is not there must not touch what lies at `path`.
        with local_file(path), path.open("wb") as file:
            file.write(first)
            for chunk in chunks:
                file.write(chunk)

    def stream(self, bucket: str, key: str) -> Iterator[bytes]:
        with self._translated(bucket, key):
            response = self._client.get_object(bucket, key)
            try:
                yield from response.stream(CHUNK_BYTES)
            finally:
                response.close()
                response.release_conn()

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        with self._translated(bucket, key):
            found = self._client.stat_object(bucket, key)
        modified = found.last_modified or datetime.fromtimestamp(0, UTC)
        asked = _date((found.metadata or {}).get("date")) or datetime.now(UTC)
        return ObjectInfo(size=found.size or 0, etag=found.etag or "", modified=modified, asked=asked)

    def get(self, bucket: str, key: str) -> bytes:
        with self._translated(bucket, key):
            response = self._client.get_object(bucket, key)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

    def exists(self, bucket: str, key: str) -> bool:
        try:
            with self._translated(bucket, key):
                self._client.stat_object(bucket, key)
        except ObjectMissing:
            return False
        return True

    def list(self, bucket: str, prefix: str, start_after: str = "") -> builtins.list[str]:
        with self._translated(bucket):
            found = self._client.list_objects(bucket, prefix=prefix, recursive=True, start_after=start_after or None)
            return sorted(str(item.object_name) for item in found if not item.is_dir)

    def folders(self, bucket: str, prefix: str) -> builtins.list[str]:
        with self._translated(bucket):
            found = self._client.list_objects(bucket, prefix=prefix, recursive=False)
            return sorted(str(item.object_name).removeprefix(prefix).rstrip("/") for item in found if item.is_dir)

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        with self._translated(bucket):
            found = self._client.list_objects(bucket, prefix=prefix, recursive=True)
            return {str(item.object_name): item.size or 0 for item in found if not item.is_dir}

    def get_tags(self, bucket: str, key: str) -> dict[str, str]:
        with self._translated(bucket, key):
            return dict(self._client.get_object_tags(bucket, key) or {})

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        tag_set = Tags.new_object_tags()
        tag_set.update(tags)
        with self._translated(bucket, key):
            self._client.set_object_tags(bucket, key, tag_set)

    def delete(self, bucket: str, key: str) -> None:
        with self._translated(bucket, key):
            self._client.remove_object(bucket, key)

    def listen(self, bucket: str, prefix: str) -> Iterator[None]:
        """Stream MinIO's bucket notifications, an extension that S3 does not have, until the server ends them."""
        query: dict[str, str | list[str] | tuple[str]] = {
            "prefix": prefix,
            "suffix": "",
            "events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        }
        with self._translated(bucket, prefix):
            # The client's own iterator reconnects without a pause for as long as a server hangs up.
            response = self._client._execute("GET", bucket, query_params=query, preload_content=False)
            try:
                while line := response.readline():
                    if line.strip():  # An empty line only keeps the connection alive.
                        yield
            finally:
                response.close()
                response.release_conn()

    @contextmanager
    def _translated(self, bucket: str, key: str = "") -> Iterator[None]:
        """Turn the client's errors into ours, naming the object."""
        where = self.where(bucket, key)
        try:
            yield
        except S3Error as error:
            raise _refusal(error, where) from error
        except ValueError as error:  # Refused by the client, before any request: a name that S3 does not have.
            raise StoreError(f"{where}: {error}") from error
        except (
            ParseError
        ) as error:  # No XML where the protocol has some: changed on the way, or not from a store at all.
            raise StoreUnreachable(f"{where}: the answer is not that of an object store ({error})") from error
        except (HTTPError, ServerError, InvalidResponseError, OSError) as error:
            raise StoreUnreachable(f"{where}: {_describe_outage(error)}") from error


def _refusal(error: S3Error, where: str) -> StoreError:
    """Return S3's error as ours.

    The answer to a HEAD request has no body that could name the code, and the client takes every 403 without one for
    AccessDenied: the time of the answer says whether it was the clock.
    """
    code = error.code or ""
    answered = _date(error.response.headers.get("date"))
    apart = abs(answered - datetime.now(UTC)) if answered else timedelta()
    if code == "AccessDenied" and apart > MAX_SKEW:
        apart = timedelta(seconds=round(apart.total_seconds()))
        return ClockSkewed(f"{where}: RequestTimeTooSkewed: the store's clock and this machine's are {apart} apart")
    return _STORE_ERRORS.get(code, StoreError)(f"{where}: {code}: {error.message}")


def _date(header: str | None) -> datetime | None:
    """Return the time of an HTTP `Date` header (RFC 9110, 6.6.1), or None where a store sends none that can be read."""
    try:
        return parsedate_to_datetime(header or "").astimezone(UTC)
    except ValueError:
        return None


def _describe_outage(error: Exception) -> str:
    """Distinguish a store that fails from one that is away, without the client's own wording of its retries."""
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if any(sign in str(reason) for sign in NO_TLS):
        return "it does not speak TLS: write http:// before the address, or set CARABIN_STORE_SECURE=false"
    if "HTTP request to an HTTPS server" in str(reason):
        return "it speaks TLS alone: write https:// before the address, or set CARABIN_STORE_SECURE=true"
    if isinstance(reason, ResponseError):
        return f"the object store answers with errors ({reason}); its log says why, a full disk is the first suspect"
    return f"the object store does not answer: {reason}"


_STORE_ERRORS: Mapping[str, type[StoreError]] = {
    "AccessDenied": AccessDenied,
    "InvalidAccessKeyId": AccessDenied,
    "SignatureDoesNotMatch": AccessDenied,
    "RequestTimeTooSkewed": ClockSkewed,
    "NoSuchBucket": BucketMissing,
    "NoSuchKey": ObjectMissing,
    "NoSuchTagSet": ObjectMissing,
    "PreconditionFailed": PreconditionFailed,
    # Two conditional writes met and the store judged neither: the next attempt is answered.
    "ConditionalRequestConflict": StoreUnreachable,
}
