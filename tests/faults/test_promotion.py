"""Promotions as processes, before a store whose every request can fail: one version serves, and the log says which.

By default every second request gets one fault, in turn; `CARABIN_TEST_FAULTS=all` gives each request every fault.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.proxy import Fault, ProxiedRequest, StoreProxy

from .conftest import EVERY_FAULT, chosen_faults
from .forked import Ended
from .promoter import PROGRAM, Promoter, Registry, Roles, promoters

FAULTS = (Fault.REFUSE, Fault.LOSE_ANSWER, Fault.UNAVAILABLE, Fault.CUT_BODY, Fault.CUT_TEXT, Fault.DENY, Fault.FULL)
REQUESTS = 32
"""More than a promotion makes: a fault at a request that never comes changes nothing, which the test counts."""
PROMOTE = ("promote", "{1}")
OLD, NEW = Roles(0), Roles(1)


@pytest.fixture
def registry(store: StoreSettings, tmp_path: Path) -> Registry:
    """Two versions, the older one in production."""
    registry = Registry(store, tmp_path / "files", 2)
    registry.promote(0)
    return registry


@pytest.fixture(scope="module")
def promoter(store: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Promoter]:
    with promoters(store, tmp_path_factory.mktemp("promoter")) as running:
        yield running


def run(promoter: Promoter, registry: Registry, proxy: StoreProxy, folder: Path) -> Ended:
    """Run `carabin models promote` as a promoter would, with the store behind the proxy."""
    return promoter.run(registry, PROMOTE, folder, endpoint=proxy.endpoint)


def require_whole(registry: Registry) -> None:
    """One version serves; a repair makes it what the log says, and nothing is left to repair."""
    assert registry.serving() in (OLD, NEW)
    registry.repair()


@pytest.mark.parametrize(("number", "fault"), chosen_faults(REQUESTS, FAULTS, step=2))
def test_a_fault_at_any_request_leaves_one_version_in_production(
    number: int, fault: Fault, promoter: Promoter, registry: Registry, tmp_path: Path
) -> None:
    def plan(request: ProxiedRequest) -> Fault | None:
        return fault if request.number == number else None

    with StoreProxy(registry.settings.endpoint, plan).running() as proxy:
        ended = run(promoter, registry, proxy, tmp_path)
    if ended.code == 0:
        assert registry.serving() == NEW, "it said that it had promoted"
    else:
        ended.require_one_error(PROGRAM)
    require_whole(registry)


@pytest.mark.parametrize("number", range(REQUESTS) if EVERY_FAULT else range(1, REQUESTS, 4))
def test_a_promotion_killed_at_any_request_leaves_one_version_in_production(
    number: int, promoter: Promoter, registry: Registry, tmp_path: Path
) -> None:
    def kill(request: ProxiedRequest) -> Fault | None:
        if request.number != number:
            return None
        promoter.server.kill_now()
        # Half of the requests had reached the store when their sender died.
        return Fault.LOSE_ANSWER if number % 2 else Fault.REFUSE

    with StoreProxy(registry.settings.endpoint, kill).running() as proxy:
        run(promoter, registry, proxy, tmp_path)
    require_whole(registry)
    with StoreProxy(registry.settings.endpoint).running() as proxy:
        ended = run(promoter, registry, proxy, tmp_path)
    assert ended.code == 0, ended.output
    assert registry.serving() == NEW


def test_a_store_that_stays_away_is_one_sentence(promoter: Promoter, registry: Registry, tmp_path: Path) -> None:
    with StoreProxy(registry.settings.endpoint, lambda _: Fault.REFUSE).running() as proxy:
        ended = run(promoter, registry, proxy, tmp_path)
    assert proxy.endpoint in ended.require_one_error(PROGRAM)
    assert len(ended.output.splitlines()) == 1
    assert registry.serving() == OLD


def test_a_promotion_makes_fewer_requests_than_are_broken_here(
    promoter: Promoter, registry: Registry, tmp_path: Path
) -> None:
    with StoreProxy(registry.settings.endpoint).running() as proxy:
        ended = run(promoter, registry, proxy, tmp_path)
    assert ended.code == 0, ended.output
    assert len(proxy.requests) <= REQUESTS
