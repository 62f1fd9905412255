"""A store, and twelve sound dictations."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.registry.artifacts.datasets import list_datasets
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

COUNT = 12


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def store(s3_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> MinioStore:
    """The environment of somebody whose store is configured."""
    monkeypatch.setenv("CARABIN_STORE_ENDPOINT", s3_settings.endpoint)
    monkeypatch.setenv("CARABIN_STORE_ACCESS_KEY", s3_settings.access_key)
    monkeypatch.setenv("CARABIN_STORE_SECRET_KEY", s3_settings.secret_key.get_secret_value())
    monkeypatch.setenv("CARABIN_STORE_SECURE", "false")
    return MinioStore(s3_settings)


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Twelve sound dictations: a folder of recordings, one of reports."""
    for number in range(COUNT):
        draw = np.random.default_rng(number)
        for folder in ("audio", "reports"):
            (tmp_path / folder).mkdir(exist_ok=True)
        soundfile.write(tmp_path / "audio" / f"{number:02d}.wav", 0.1 * draw.standard_normal(24_000), 16_000)
        text = f"Compte rendu numéro {number}, examen normal."
        (tmp_path / "reports" / f"{number:02d}.txt").write_text(text, encoding="utf-8")
    return [str(tmp_path / "audio"), str(tmp_path / "reports")]


def published(store: MinioStore, name: str) -> list[tuple[str, str]]:
    return list_datasets(store, "datasets", name)
