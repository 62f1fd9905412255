"""The seam to the S3 client: its errors become ours, and a store that fails is distinguished from one that is away."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from carabin.registry.errors import (
    AccessDenied,
    ClockSkewed,
    StoreError,
    StoreUnreachable,
)
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

from .conftest import at


def test_a_wrong_secret_is_denied(s3_settings: StoreSettings) -> None:
    with pytest.raises(AccessDenied):
        MinioStore(at(s3_settings.endpoint, secret="wrong-secret")).ensure_bucket("models")


def test_what_the_client_refuses_before_any_request_is_ours_and_named() -> None:
    store = MinioStore(at("127.0.0.1:1"))
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/My_Models/key: "):
        store.get("My_Models", "key")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/models/: "):
        store.put("models", "", b"")


def test_an_object_is_named_with_its_store_as_the_errors_of_its_content_name_it() -> None:
    assert MinioStore(at("store:9000")).where("models", "whisper/promotions/1.json") == (
        "store:9000/models/whisper/promotions/1.json"
    )


def test_a_store_that_is_away_is_unreachable_and_named() -> None:
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1/models"):
        MinioStore(at("127.0.0.1:1")).ensure_bucket("models")


class FullStore(BaseHTTPRequestHandler):
    """What a store with a full disk answers to every write."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_a_store_that_fails_is_not_taken_for_one_that_is_away() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), FullStore) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(StoreUnreachable, match=r"models/key: the object store answers with errors .*full disk"):
                MinioStore(at(f"127.0.0.1:{server.server_port}")).put("models", "key", b"data")
        finally:
            server.shutdown()
            thread.join()


class DatedStore(BaseHTTPRequestHandler):
    """Answers by a clock that is years ahead of this machine's, a minute after it wrote the object."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Last-Modified", "Thu, 01 Jan 2032 11:59:00 GMT")
        self.send_header("Content-Length", "3")
        self.send_header("ETag", '"e1"')
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the `Date` of every answer."""
        return "Thu, 01 Jan 2032 12:00:00 GMT"

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_an_objects_age_is_measured_by_the_stores_own_clock() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), DatedStore) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            info = MinioStore(at(f"127.0.0.1:{server.server_port}")).stat("models", "key")
        finally:
            server.shutdown()
            thread.join()
    assert info.asked == datetime(2032, 1, 1, 12, tzinfo=UTC)
    assert info.age == timedelta(minutes=1)


class OtherClock(BaseHTTPRequestHandler):
    """Refuses every request: in words, by the clock, where an answer has a body, and by its number alone to HEAD."""

    date = ""
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        body = b"<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the `Date` of every answer."""
        return self.date or super().date_time_string(timestamp)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def refusing_by_clock(date: str) -> Iterator[MinioStore]:
    handler = type("OtherClockAt", (OtherClock,), {"date": date})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield MinioStore(at(f"127.0.0.1:{server.server_port}"))
        finally:
            server.shutdown()
            thread.join()


def test_a_store_that_refuses_our_time_says_so_whether_its_answer_has_a_body_or_none() -> None:
    with refusing_by_clock("Thu, 01 Jan 2032 12:00:00 GMT") as store:
        with pytest.raises(ClockSkewed, match="models/key: RequestTimeTooSkewed: The difference is too large"):
            store.get("models", "key")
        with pytest.raises(ClockSkewed, match=r"models/key: RequestTimeTooSkewed: .* are \d+ days, .* apart"):
            store.stat("models", "key")


def test_a_refusal_without_a_word_by_a_store_whose_clock_is_ours_is_about_the_key() -> None:
    with refusing_by_clock("") as store, pytest.raises(AccessDenied):
        store.exists("models", "key")
