"""Where versions come from: the registry, watched, with a cache on the local disk; or one local folder.

Over 200 lines: two sources of one protocol, and what the registry's does while the store is away.
"""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import fetch_model, list_models, read_manifest_and_document
from carabin.registry.artifacts.trust import require_trusted
from carabin.registry.errors import RegistryError, SignatureRefused, StoreUnavailable
from carabin.registry.stages.promotions import require_as_promoted
from carabin.registry.stages.resolve import Decision
from carabin.registry.stages.watch import ModelWatcher
from carabin.registry.store import ObjectStore
from carabin.service.threads import SupervisedThread, ThreadSupervisor

from ..core.errors import ModelUntrusted
from ..metrics import Metrics
from .cache import ModelCache
from .lexicons import Lexicons
from .loader import LoadedCandidate
from .roles import ModelRoles

log = logging.getLogger(__name__)

LEXICON_POLL_S = 30.0
"""Three requests for each lexicon, and each physician may have one: rarer looks than at the model."""
EXPLAIN_S = 0.5
"""How soon after its start the service notices that the store does not answer, which `/readyz` then gives as reason."""


class ModelSource(Protocol):
    """Decides which versions are to serve, and downloads them."""

    def fetch(self, version: str) -> LoadedCandidate:
        """Return a version's files on the local disk; raises CarabinError."""

    def start(self, models: ModelRoles) -> None:
        """Give `models` the decision about versions now and at each change, from a thread of its own."""

    def stop(self) -> None:
        """End the threads; may wait for a store that does not answer."""


class FolderSource:
    """One CTranslate2 folder, for trials without a store; served as its manifest says, where there is one."""

    def __init__(
        self,
        folder: Path,
        lexicons: Lexicons,
        vocabulary_dir: Path | None = None,
    ) -> None:
        self._lexicons = lexicons
        self._folder = folder
        self._vocabulary_dir = vocabulary_dir

    def fetch(self, version: str) -> LoadedCandidate:
        return LoadedCandidate(version, self._folder, _manifest_of(self._folder))

    def start(self, models: ModelRoles) -> None:
        if self._vocabulary_dir is not None:
            self._lexicons.read_folder(self._vocabulary_dir)
        models.decide(Decision(version=f"folder-{self._folder.name}"))

    def stop(self) -> None:
        return


class RegistrySource:
    """The version tagged production in the store.

    A store that is away changes nothing for a service that runs. One that starts meanwhile serves the version that was
    in production when the store was last read, if the cache holds it whole.

    Args:
        cache: folder of downloaded versions; those of this model that serve no more are removed.
    """

    def __init__(
        self,
        name: str,
        cache: Path,
        lexicons: Lexicons,
        metrics: Metrics,
        threads: ThreadSupervisor,
        *,
        store: ObjectStore,
        bucket: str,
        poll_s: float = 10.0,
    ) -> None:
        self._name = name
        self._lexicons = lexicons
        self._cache = ModelCache(cache / name)
        self._metrics = metrics
        self._store = store
        self._bucket = bucket
        self._watcher = ModelWatcher(self._store, self._bucket, name, interval_s=poll_s)
        self._threads = threads
        self._running: list[SupervisedThread] = []
        self._models: ModelRoles | None = None
        self._decided_version: str | None = None
        """In production when the store was last read."""
        self._offline = False
        """Whether the cache's version was requested."""

    def fetch(self, version: str) -> LoadedCandidate:
        """Return the version's files, downloaded now or before; every byte is compared with the manifest.

        Raises:
            RegistryError: the store does not give it, or gives other bytes than the manifest names, or another manifest
                than the one that was promoted.
            ModelUntrusted: trusted keys are set, and none of them signed it.
        """
        manifest, document = self._manifest(version)
        try:
            require_trusted(manifest, document)
        except SignatureRefused as error:
            raise ModelUntrusted(version, str(error)) from error
        folder = self._cache.place(version)
        if not self._cache.holds(manifest):
            fetch_model(self._store, self._bucket, manifest, folder)
        self._cache.remember(manifest, document)
        if version == self._decided_version:
            # Once more: the disk may have been full when it was decided, and have room now.
            self._cache.production = version
        # What is loaded needs its folder no more, but a restart or a drain may.
        needed = self._models.in_use() if self._models else set()
        self._cache.forget_others({version, self._decided_version or version, *needed})
        return LoadedCandidate(version, folder, manifest)

    def start(self, models: ModelRoles) -> None:
        self._models = models
        self._read_lexicons()
        # It may hang in the store's stream, so that `stop` does not wait for it.
        self._threads.start("model-notifications", self._watcher.listen)
        self._running = [
            self._threads.start("model-watcher", self._watch),
            self._threads.every("lexicons", LEXICON_POLL_S, self._read_lexicons),
            self._threads.every("store-outage", EXPLAIN_S, self._explain),
        ]

    @property
    def store_away(self) -> bool:
        """Whether the newest look at the store failed."""
        return self._watcher.last_error is not None

    def stop(self) -> None:
        self._watcher.stop()
        for thread in self._running:
            thread.stop()
        for thread in self._running:
            thread.join()

    def _manifest(self, version: str) -> tuple[ModelManifest, bytes]:
        """Read a manifest and its bytes; while the store is away, the remembered one, whose files may not be here.

        A store that refuses this machine's time is as good as away: so it is where a machine boots with a wrong clock.
        """
        try:
            manifest, document = read_manifest_and_document(self._store, self._bucket, self._name, version)
            require_as_promoted(self._store, self._bucket, self._name, version, document)
        except StoreUnavailable:
            remembered = self._cache.manifest(version)
            if remembered is None:
                raise
            return remembered
        return manifest, document

    def _watch(self) -> bool:
        """Take each decision until the watcher is stopped; after a failure the newest decision is taken again."""
        for decision in self._watcher.changes():
            self._decided(decision)
        return False

    def _decided(self, decision: Decision) -> None:
        assert self._models is not None
        self._metrics.conflicts.labels(self._name).set(len(decision.rivals))
        for problem in decision.problems:
            log.warning(problem, extra={"event": "registry_problem"})
        self._decided_version = decision.version
        self._models.decide(decision)
        if decision.version is not None:
            self._cache.production = decision.version
        else:
            reason = self._why_none()
            log.warning(reason, extra={"event": "no_production"})
            self._models.production.explain(reason)

    def _why_none(self) -> str:
        names: list[str] = []
        with suppress(RegistryError):  # it may read this model and not list the others, and it is only for a reason
            names = list_models(self._store, self._bucket)
        if names and self._name not in names:
            return f"bucket {self._bucket} holds no model named {self._name}: it holds {', '.join(names)}"
        return f"no version of {self._name} is tagged production in bucket {self._bucket}"

    def _read_lexicons(self) -> None:
        self._lexicons.read_store(self._store, self._bucket, self._name)

    def _explain(self) -> None:
        """While there is no model because the store is away, give that as the reason; load the version in the cache."""
        error = self._watcher.last_error
        if error is None or self._models is None or self._models.production.info.version is not None:
            return
        self._models.production.explain(f"the registry cannot be read: {error}")
        version = self._cache.production
        if version is not None and not self._offline:
            self._offline = True
            extra = {"event": "served_from_cache", "version": version}
            log.warning("the store is away: what was in production when it was last read is served", extra=extra)
            if self._models.wanted:
                self._models.production.request_version(version)
            elif self._models.decided is None:
                self._models.decide(Decision(version=version))


def _manifest_of(folder: Path) -> ModelManifest | None:
    """Return the manifest in a downloaded version's folder, or beside the `files` of one in a backup.

    Raises:
        ManifestInvalid: it cannot be read.
    """
    folder = folder.resolve()
    place = (folder.parent if folder.name == "files" else folder) / "manifest.json"
    return ModelManifest.from_bytes(place.read_bytes(), str(place)) if place.is_file() else None
