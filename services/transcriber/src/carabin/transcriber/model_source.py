"""Where versions come from: the registry, watched, with a cache on the local disk; or one local folder."""

import hashlib
import logging
import shutil
import threading
from pathlib import Path
from typing import Protocol

from carabin.registry.manifest import ModelManifest
from carabin.registry.publish import fetch_model, read_manifest
from carabin.registry.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.watch import ModelWatcher

from .metrics import Metrics
from .model_loader import Candidate
from .models import Models
from .vocabulary import Vocabularies

log = logging.getLogger(__name__)

VOCABULARY_POLL_S = 30.0


class ModelSource(Protocol):
    """Tells which versions are to serve, and brings them."""

    def fetch(self, version: str) -> Candidate: ...

    def start(self, models: Models) -> None: ...

    def stop(self) -> None: ...


class FolderSource:
    """One CTranslate2 folder, for trials without a store."""

    def __init__(self, folder: Path, vocabularies: Vocabularies, vocabulary_dir: Path | None = None) -> None:
        self._folder = folder
        self._vocabularies = vocabularies
        self._vocabulary_dir = vocabulary_dir

    def fetch(self, version: str) -> Candidate:
        return Candidate(version, self._folder)

    def start(self, models: Models) -> None:
        if self._vocabulary_dir is not None:
            self._vocabularies.read_folder(self._vocabulary_dir)
        models.decide(Decision(version=f"folder-{self._folder.name}"))

    def stop(self) -> None:
        return


class RegistrySource:
    """The version tagged production, as the store says it.

    Args:
        cache: folder of downloaded versions; those of this model that serve no more are removed.
    """

    def __init__(
        self,
        name: str,
        cache: Path,
        vocabularies: Vocabularies,
        metrics: Metrics,
        *,
        store: ObjectStore,
        bucket: str,
        poll_s: float = 10.0,
    ) -> None:
        self._name = name
        self._cache = cache / name
        self._vocabularies = vocabularies
        self._metrics = metrics
        self._store = store
        self._bucket = bucket
        self._watcher = ModelWatcher(self._store, self._bucket, name, interval_s=poll_s)
        self._stopped = threading.Event()
        self._refresher = threading.Thread(target=self._refresh, name="vocabularies", daemon=True)
        self._models: Models | None = None

    def fetch(self, version: str) -> Candidate:
        """Return the version's files, downloaded now or before; every byte is compared with the manifest.

        Raises:
            RegistryError: the store does not give it, or gives other bytes than the manifest names.
        """
        manifest = read_manifest(self._store, self._bucket, self._name, version)
        folder = self._cache / version
        if folder.exists() and not _is_whole(folder, manifest):
            shutil.rmtree(folder)
        if not folder.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            fetch_model(self._store, self._bucket, manifest, folder)
        self._forget_others(version)
        return Candidate(version, folder, manifest)

    def start(self, models: Models) -> None:
        self._models = models
        self._vocabularies.read_store(self._store, self._bucket, self._name)
        self._watcher.start(self._decided)
        self._refresher.start()

    def stop(self) -> None:
        self._stopped.set()
        self._watcher.stop()
        if self._refresher.is_alive():
            self._refresher.join()

    def _decided(self, decision: Decision) -> None:
        assert self._models is not None
        self._metrics.conflicts.set(len(decision.rivals))
        for problem in decision.problems:
            log.warning(problem, extra={"event": "registry_problem"})
        self._models.decide(decision)
        if decision.version is None:
            self._models.production.explain(f"no version of {self._name} is tagged production in bucket {self._bucket}")

    def _refresh(self) -> None:
        while not self._stopped.wait(VOCABULARY_POLL_S):
            self._vocabularies.read_store(self._store, self._bucket, self._name)
            if self._watcher.last_error and self._models is not None:
                self._models.production.explain(f"the registry cannot be read: {self._watcher.last_error}")

    def _forget_others(self, version: str) -> None:
        """Keep this version and those in use: what is loaded needs its folder no more, but a restart or a drain may."""
        kept = {version, *(self._models.in_use() if self._models else ())}
        for folder in self._cache.iterdir():
            if folder.name not in kept and not folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)


def _is_whole(folder: Path, manifest: ModelManifest) -> bool:
    try:
        return all(_digest(folder / entry.path) == entry.sha256 for entry in manifest.files)
    except OSError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
