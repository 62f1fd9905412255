"""The store is tried with an object of our own, which is gone afterwards."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from carabin.registry.errors import AccessDenied, StoreUnreachable
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.fixtures import s3_bucket, s3_settings, s3_store
from carabin.registry.testing.memory import MemoryStore
from carabin.service.doctor.object_store import check_clock, check_store
from carabin.service.doctor.report import Checked, Health

__all__ = ["s3_bucket", "s3_settings", "s3_store"]


def memory(store: MemoryStore | None = None) -> MemoryStore:
    store = store or MemoryStore()
    store.ensure_bucket("models")
    return store


def check(store: ObjectStore, bucket: str = "models", ahead: timedelta = timedelta(0)) -> dict[str, Checked]:
    found = check_store(store, bucket, "store:9000", lambda: datetime.now(UTC) + ahead)
    return {
        finding.name.removeprefix("object store store:9000").lstrip(": ") or "answers": finding for finding in found
    }


def test_a_real_store_that_is_sound_passes_and_keeps_nothing(s3_store: MinioStore, s3_bucket: str) -> None:
    findings = check(s3_store, s3_bucket)
    assert {name: finding.status for name, finding in findings.items()} == dict.fromkeys(
        ("answers", "conditional writes", "tags", "clock"), Health.OK
    )
    assert s3_store.list(s3_bucket, "") == []


def test_a_store_that_is_away_or_has_no_bucket_says_what_to_do() -> None:
    away = check(FaultyStore(memory(), 0, StoreUnreachable("it does not answer")))
    assert (away["answers"].status, away["answers"].sentence) == (Health.FAILED, "it does not answer")
    bare = check(MemoryStore())["answers"]
    assert bare.status is Health.FAILED
    assert "bootstrap" in bare.remedy


def test_keys_that_only_read_leave_the_rest_to_others() -> None:
    denied = FaultyStore(memory(), 0, AccessDenied("no"), writes_only=True)
    assert [finding.status for finding in check(denied).values()] == [Health.OK, Health.SKIPPED]


class Careless(MemoryStore):
    """Overwrites whatever the condition says, and forgets tags."""

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        self.put(bucket, key, data)


def test_a_store_without_conditions_or_tags_is_named() -> None:
    findings = check(memory(Careless()))
    assert [findings[name].status for name in ("conditional writes", "tags")] == [Health.FAILED] * 2
    assert "promotions can overwrite each other" in findings["conditional writes"].sentence


def test_a_clock_that_is_wrong_is_named() -> None:
    finding = check(memory(), ahead=timedelta(minutes=7))["clock"]
    assert finding.status is Health.FAILED
    assert "time server" in finding.remedy


@pytest.mark.parametrize(("ahead_s", "status"), [(0, Health.OK), (240, Health.OK), (-420, Health.FAILED)])
def test_the_clock_is_held_against_a_real_stores_without_any_key(
    ahead_s: int, status: Health, s3_settings: StoreSettings
) -> None:
    ahead = timedelta(seconds=ahead_s)
    [finding] = check_clock(s3_settings.endpoint, s3_settings.secure, lambda: datetime.now(UTC) + ahead)
    assert finding.status is status, finding.sentence
    assert bool(finding.remedy) is (status is Health.FAILED)


class WithoutDate(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response_only(403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def silent_store() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), WithoutDate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_store_that_says_no_time_or_nothing_is_no_wrong_clock(silent_store: str) -> None:
    assert [finding.status for finding in check_clock(silent_store, False)] == [Health.SKIPPED]
    assert [finding.status for finding in check_clock("127.0.0.1:1", False)] == [Health.SKIPPED]
    assert [finding.status for finding in check_clock(silent_store, True)] == [Health.SKIPPED]
