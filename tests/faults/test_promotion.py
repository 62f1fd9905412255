"""Promotions as processes, before a store whose every request can fail: one version serves, and the log says which.

By default every second request gets one fault, in turn; `CARABIN_TEST_FAULTS=all` gives each request every fault.
"""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.apply import repair
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import read_head
from carabin.registry.stages.read import read_decision
from carabin.registry.testing.proxy import Fault, ProxiedRequest, StoreProxy

from .conftest import EVERY_FAULT, as_role, chosen_faults, start

FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
FAULTS = (Fault.REFUSE, Fault.LOSE_ANSWER, Fault.UNAVAILABLE, Fault.CUT_BODY, Fault.CUT_TEXT, Fault.DENY, Fault.FULL)
REQUESTS = 32
"""More than a promotion makes: a fault at a request that never comes changes nothing, which the test counts."""


@dataclass(frozen=True)
class Registry:
    """Two versions of one model, the older one in production."""

    settings: StoreSettings
    store: MinioStore
    bucket: str
    model: str
    old: str
    new: str

    def serving(self) -> str | None:
        return read_decision(self.store, self.bucket, self.model).version

    def recorded(self) -> str | None:
        head = read_head(self.store, self.bucket, self.model)
        return head.version if head else None


@pytest.fixture
def registry(store: StoreSettings, tmp_path: Path) -> Registry:
    admin = MinioStore(store)
    files = tmp_path / "files"
    files.mkdir()
    (files / "model.bin").write_bytes(b"weights" * 50)
    model, bucket, start_at = f"m-{uuid.uuid4().hex[:8]}", store.models_bucket, datetime.now(UTC) - timedelta(hours=2)
    old, new = (
        publish_model(admin, bucket, model, files, start_at + timedelta(hours=n), format=FORMAT).version for n in (0, 1)
    )
    promote(admin, bucket, model, old, by="test", reason="first", at=datetime.now(UTC))
    return Registry(store, admin, bucket, model, old, new)


@contextmanager
def promoting(registry: Registry, proxy: StoreProxy, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `carabin models promote` as a promoter would, with the store behind the proxy."""
    environment = as_role(registry.settings, "promoter") | {"CARABIN_STORE_ENDPOINT": proxy.endpoint}
    arguments = ("models", "promote", registry.new, "--model", registry.model, "--reason", "test")
    with start("carabin.cli", *arguments, folder=folder, environment=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def run(registry: Registry, proxy: StoreProxy, folder: Path) -> tuple[int, str]:
    with promoting(registry, proxy, folder) as process:
        _, errors = process.communicate(timeout=180)
    return process.returncode, errors


def require_whole(registry: Registry) -> None:
    """One version serves; a repair makes it what the log says, and nothing is left to repair."""
    assert registry.serving() in (registry.old, registry.new)
    repair(registry.store, registry.bucket, registry.model)
    assert registry.serving() == registry.recorded()
    assert repair(registry.store, registry.bucket, registry.model) is None


@pytest.mark.parametrize(("number", "fault"), chosen_faults(REQUESTS, FAULTS, step=2))
def test_a_fault_at_any_request_leaves_one_version_in_production(
    number: int, fault: Fault, registry: Registry, tmp_path: Path
) -> None:
    def plan(request: ProxiedRequest) -> Fault | None:
        return fault if request.number == number else None

    with StoreProxy(registry.settings.endpoint, plan).running() as proxy:
        code, errors = run(registry, proxy, tmp_path)
    assert code in (0, 1), errors
    assert "Traceback" not in errors
    if code == 0:
        assert registry.serving() == registry.new, "it said that it had promoted"
    else:
        assert len(errors.splitlines()) == 1, errors
    require_whole(registry)


@pytest.mark.parametrize("number", range(REQUESTS) if EVERY_FAULT else range(1, REQUESTS, 4))
def test_a_promotion_killed_at_any_request_leaves_one_version_in_production(
    number: int, registry: Registry, tmp_path: Path
) -> None:
    victim: list[subprocess.Popen[str]] = []

    def kill(request: ProxiedRequest) -> Fault | None:
        if request.number != number:
            return None
        victim[0].kill()
        # Half of the requests had reached the store when their sender died.
        return Fault.LOSE_ANSWER if number % 2 else Fault.REFUSE

    with (
        StoreProxy(registry.settings.endpoint, kill).running() as proxy,
        promoting(registry, proxy, tmp_path) as process,
    ):
        victim.append(process)
        process.wait(timeout=180)
    require_whole(registry)
    with StoreProxy(registry.settings.endpoint).running() as proxy:
        code, errors = run(registry, proxy, tmp_path)
    assert code == 0, errors
    assert registry.serving() == registry.new


def test_a_store_that_stays_away_is_one_sentence(registry: Registry, tmp_path: Path) -> None:
    with StoreProxy(registry.settings.endpoint, lambda _: Fault.REFUSE).running() as proxy:
        code, errors = run(registry, proxy, tmp_path)
    assert code == 1
    [line] = errors.splitlines()
    assert proxy.endpoint in line
    assert registry.serving() == registry.old


def test_a_promotion_makes_fewer_requests_than_are_broken_here(registry: Registry, tmp_path: Path) -> None:
    with StoreProxy(registry.settings.endpoint).running() as proxy:
        code, errors = run(registry, proxy, tmp_path)
    assert code == 0, errors
    assert len(proxy.requests) <= REQUESTS
