"""A lease is renewed while the work goes on, whatever the store answers, and given back when its process ends."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from carabin.exporter.errors import ExportCancelled, LeaseLost
from carabin.exporter.jobs.lease import LeaseRenewal
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.records import Held
from carabin.registry.errors import ManifestInvalid, StoreUnreachable
from carabin.registry.testing.memory import MemoryStore
from carabin.service.threads import ThreadSupervisor
from prometheus_client import CollectorRegistry

from ..conftest import wait_for

SHORT = timedelta(milliseconds=80)


def claim(ledger: Ledger) -> Held:
    return ledger.claim("cardio", "identity", "run@1", ("float16",))


def found(renewal: LeaseRenewal) -> Exception | None:
    try:
        renewal.check()
    except (ExportCancelled, LeaseLost) as error:
        return error
    return None


def test_it_renews_by_itself_and_finds_a_cancel_request(store: MemoryStore) -> None:
    ledger = Ledger(store, "models", "a", ttl=SHORT)
    held = claim(ledger)
    with LeaseRenewal(ledger, held, ThreadSupervisor()) as renewal:
        wait_for(lambda: renewal.record.expires_at > held.record.expires_at)
        Ledger(store, "models", "operator").request_cancel("cardio", held.record.id)
        wait_for(lambda: isinstance(found(renewal), ExportCancelled))


@pytest.mark.parametrize("error", [StoreUnreachable("no answer"), ManifestInvalid("half written"), RuntimeError("bug")])
def test_a_renewal_that_fails_in_any_way_is_followed_by_one_that_works(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    ledger = Ledger(store, "models", "a", ttl=SHORT)
    held = claim(ledger)
    renew: Callable[..., Held] = ledger.renew
    failed = threading.Event()

    def fail_once(*arguments: object, **changes: object) -> Held:
        if not failed.is_set():
            failed.set()
            raise error
        return renew(*arguments, **changes)

    monkeypatch.setattr(ledger, "renew", fail_once)
    threads = ThreadSupervisor(CollectorRegistry())
    with LeaseRenewal(ledger, held, threads) as renewal:
        wait_for(lambda: renewal.record.expires_at > held.record.expires_at)
        assert threads.dead() == ()
        assert found(renewal) is None


def test_a_lease_that_is_released_is_free_at_once_and_its_worker_learns_it(store: MemoryStore) -> None:
    ledger = Ledger(store, "models", "a")
    with LeaseRenewal(ledger, claim(ledger), ThreadSupervisor()) as renewal:
        renewal.release()
        with pytest.raises(LeaseLost, match="this exporter is ending"):
            renewal.check()
    taken = claim(Ledger(store, "models", "b")).record
    assert (taken.owner, taken.attempts) == ("b", 1)
