"""Fixtures for every distribution's tests: a real S3 server, started once a test process.

Import what you use into a `conftest.py`, such as
`from carabin.registry.testing.fixtures import s3_bucket, s3_settings, s3_store`.
Wherever they are imported, they share the one server.
"""

import atexit
import functools
import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
from pydantic import SecretStr

from ..embedded.store import EmbeddedStore
from ..s3_store import MinioStore
from ..settings import StoreSettings

TEST_STORE_PREFIX = "CARABIN_TEST_S3_"
"""`CARABIN_TEST_S3_ENDPOINT`, `_ACCESS_KEY`, `_SECRET_KEY` and `_SECURE` add a store of yours to the contract suite."""


@functools.cache
def shared_embedded_settings() -> StoreSettings:
    """Start SeaweedFS for this process, once, and stop it when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="carabin-store-"))
    store = EmbeddedStore(folder)
    settings = store.start()

    def end() -> None:
        store.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return settings


def external_settings() -> StoreSettings | None:
    """Return the store that the environment adds to the contract suite, or None."""
    endpoint = os.environ.get(f"{TEST_STORE_PREFIX}ENDPOINT")
    if not endpoint:
        return None
    return StoreSettings(
        endpoint=endpoint,
        access_key=os.environ[f"{TEST_STORE_PREFIX}ACCESS_KEY"],
        secret_key=SecretStr(os.environ[f"{TEST_STORE_PREFIX}SECRET_KEY"]),
        secure=os.environ.get(f"{TEST_STORE_PREFIX}SECURE", "false").lower() == "true",
    )


@pytest.fixture(scope="session")
def s3_settings() -> StoreSettings:
    """The address and keys of a real S3 server, with the three buckets made."""
    return shared_embedded_settings()


@pytest.fixture(scope="session")
def s3_store(s3_settings: StoreSettings) -> MinioStore:
    """A client of that server."""
    return MinioStore(s3_settings)


@pytest.fixture
def s3_bucket(s3_store: MinioStore) -> str:
    """A bucket of the test's own on that server."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    s3_store.ensure_bucket(name)
    return name


@pytest.fixture
def s3_environment(s3_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> StoreSettings:
    """Point `connect()` at that server through the environment, with three buckets of the test's own."""
    own = uuid.uuid4().hex[:8]
    values = {
        "ENDPOINT": s3_settings.endpoint,
        "ACCESS_KEY": s3_settings.access_key,
        "SECRET_KEY": s3_settings.secret_key.get_secret_value(),
        "SECURE": str(s3_settings.secure).lower(),
        **{f"{kind.upper()}_BUCKET": f"{kind}-{own}" for kind in ("datasets", "checkpoints", "models")},
    }
    for name, value in values.items():
        monkeypatch.setenv(f"CARABIN_STORE_{name}", value)
    settings = StoreSettings()
    store = MinioStore(settings)
    for bucket in (settings.datasets_bucket, settings.checkpoints_bucket, settings.models_bucket):
        store.ensure_bucket(bucket)
    return settings
