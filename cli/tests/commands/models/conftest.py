"""Model versions on the real store, for the commands that list and change them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import Signer, publish_model
from carabin.registry.layout import manifest_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

FORMAT = ModelFormat(quantization="int8", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
NOW = datetime.now(UTC).replace(microsecond=0)


class Registry:
    """Versions on the real store, oldest first."""

    def __init__(self, settings: StoreSettings, folder: Path) -> None:
        self.store, self.bucket, self.folder = MinioStore(settings), settings.models_bucket, folder
        self.versions: list[str] = []

    def publish(
        self, wer: float, age: timedelta = timedelta(0), name: str = "cardio", sign: Signer | None = None
    ) -> str:
        folder = self.folder / str(len(self.versions))
        folder.mkdir()
        (folder / "model.bin").write_text(f"weights {len(self.versions)}")
        metrics = {"wer": wer, "term_recall": 1 - wer}
        at = NOW - age + timedelta(seconds=len(self.versions))
        manifest = publish_model(
            self.store,
            self.bucket,
            name,
            folder,
            at,
            format=FORMAT,
            metrics=metrics,
            sign=sign,
            source={"run": f"run-{len(self.versions)}"},
        )
        self.versions.append(manifest.version)
        return manifest.version

    def tags(self, version: str) -> dict[str, str]:
        return self.store.get_tags(self.bucket, manifest_key("cardio", version))


@pytest.fixture
def registry(s3_environment: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("LOGNAME", "infirmier")
    monkeypatch.delenv("CARABIN_MODEL", raising=False)
    return Registry(s3_environment, tmp_path)
