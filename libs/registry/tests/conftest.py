"""Every store adapter in turn, for the contract suite."""

import uuid
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.registry.testing.fixtures import external_settings, s3_bucket, s3_settings, s3_store
from carabin.registry.testing.memory import MemoryStore
from pydantic import SecretStr

__all__ = ["s3_bucket", "s3_settings", "s3_store"]

FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
ADAPTERS = ["memory", "seaweedfs", *(["external"] if external_settings() else [])]


def at(endpoint: str, secret: str = "a-secret-of-the-tests") -> StoreSettings:
    return StoreSettings(endpoint=endpoint, access_key="carabin", secret_key=SecretStr(secret), secure=False)


@pytest.fixture(params=ADAPTERS)
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """Each adapter in turn."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "external":
        return MinioStore(external_settings() or at(""))
    found: MinioStore = request.getfixturevalue("s3_store")
    return found


@pytest.fixture
def bucket(store: ObjectStore) -> str:
    """A bucket of the test's own."""
    name = f"models-{uuid.uuid4().hex[:12]}"
    store.ensure_bucket(name)
    return name


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No store in the environment, and a data folder of the test's own."""
    for field in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "SECURE"):
        monkeypatch.delenv(f"CARABIN_STORE_{field}", raising=False)
    monkeypatch.setenv("CARABIN_DATA_DIR", str(tmp_path))
