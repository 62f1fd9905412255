"""The proxy does to a real store's answers what it was asked to, and nothing else."""

import time
from contextlib import closing
from http.client import HTTPConnection

import pytest
from carabin.registry.errors import AccessDenied, StoreError
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.proxy import LATE_S, Fault, ProxiedRequest, StoreProxy


def through(proxy: StoreProxy, settings: StoreSettings) -> MinioStore:
    return MinioStore(settings.model_copy(update={"endpoint": proxy.endpoint}))


def test_without_a_plan_every_request_reaches_the_store(s3_settings: StoreSettings, s3_bucket: str) -> None:
    with StoreProxy(s3_settings.endpoint).running() as proxy:
        store = through(proxy, s3_settings)
        store.put(s3_bucket, "one", b"1" * 100_000)
        store.set_tags(s3_bucket, "one", {"stage": "candidate"})
        assert store.get(s3_bucket, "one") == b"1" * 100_000
        assert store.get_tags(s3_bucket, "one") == {"stage": "candidate"}
        assert store.list(s3_bucket, "") == ["one"]
    assert {request.method for request in proxy.requests} == {"GET", "PUT"}


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.DENY, AccessDenied), (Fault.REFUSE, StoreError), (Fault.UNAVAILABLE, StoreError)]
)
def test_a_fault_that_stays_is_an_error_of_ours(
    fault: Fault, error: type[StoreError], s3_settings: StoreSettings, s3_bucket: str
) -> None:
    with StoreProxy(s3_settings.endpoint, lambda _: fault).running() as proxy, pytest.raises(error):
        through(proxy, s3_settings).put(s3_bucket, "one", b"1")


def test_an_answer_that_is_no_longer_xml_is_an_error_of_ours(s3_settings: StoreSettings, s3_bucket: str) -> None:
    with (
        StoreProxy(s3_settings.endpoint, lambda _: Fault.CUT_TEXT).running() as proxy,
        pytest.raises(StoreError, match="not that of an object store"),
    ):
        through(proxy, s3_settings).list(s3_bucket, "")


def test_a_lost_answer_is_of_a_request_that_the_store_did(s3_settings: StoreSettings, s3_bucket: str) -> None:
    def lose_first_write(request: ProxiedRequest) -> Fault | None:
        return Fault.LOSE_ANSWER if request.number == 0 else None

    with StoreProxy(s3_settings.endpoint, lose_first_write).running() as proxy:
        through(proxy, s3_settings).create(s3_bucket, "one", b"1")
    assert len(proxy.requests) > 1, "the client was not made to ask again"
    assert MinioStore(s3_settings).get(s3_bucket, "one") == b"1"


def test_a_corrupted_answer_has_the_length_of_the_true_one(s3_settings: StoreSettings, s3_bucket: str) -> None:
    MinioStore(s3_settings).put(s3_bucket, "one", b"0" * 999)
    with StoreProxy(s3_settings.endpoint, lambda _: Fault.CORRUPT).running() as proxy:
        content = through(proxy, s3_settings).get(s3_bucket, "one")
    assert len(content) == 999
    assert content != b"0" * 999


def test_a_delayed_request_is_answered_as_any_other_but_late(s3_settings: StoreSettings, s3_bucket: str) -> None:
    MinioStore(s3_settings).put(s3_bucket, "one", b"1")
    with StoreProxy(s3_settings.endpoint, lambda one: Fault.DELAY if one.number == 0 else None).running() as proxy:
        started = time.monotonic()
        assert through(proxy, s3_settings).get(s3_bucket, "one") == b"1"
    assert time.monotonic() - started >= LATE_S


def test_the_time_of_the_store_reaches_the_client(s3_settings: StoreSettings) -> None:
    with StoreProxy(s3_settings.endpoint).running() as proxy, closing(HTTPConnection(proxy.endpoint)) as connection:
        connection.request("HEAD", "/")
        assert connection.getresponse().headers["Date"]
