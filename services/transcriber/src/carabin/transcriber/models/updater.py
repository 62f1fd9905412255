"""Keeps the slot filled with the version in production, from a thread of its own.

A new version is downloaded, hashed, loaded, proven and warmed beside the one in use; then one assignment makes it
current. A bad one is refused with its reason and not tried again while it is the same version; the old one goes on.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime

from carabin.registry.errors import CarabinError, ManifestInvalid
from carabin.service.logging import bind
from carabin.service.tracing import FIELD

from ..core.api import ModelInfo
from ..core.errors import MemoryShort, ModelRefused
from ..core.memory import available_bytes, resident_bytes
from ..metrics import Metrics
from .loader import Decode, EngineFactory, LoadedCandidate, decode_now, load
from .slot import ModelHandle, ModelSlot

log = logging.getLogger(__name__)

ROOM = 1.3
"""A model wants this much of its files' size: int8 weights are copied once while they load."""
WORKSPACE_BYTES = 128 * 1024 * 1024
"""And this much for activations and caches."""

STOP_S = 10.0
"""How long a download or a load in progress may hold up a stop; the process ends without it."""

Fetch = Callable[[str], LoadedCandidate]
"""Brings a version's files to the local disk; raises CarabinError."""


class ModelUpdater:
    """See the module. `target()` may be called from any thread; the newest wish wins.

    Args:
        role: what its version is for: `production`, `canary` or `shadow`.
        decode: runs the smoke dictation and the warm-up.
        drain: unload before loading where memory does not hold two models.
        changed: told of every change of state, on the updater's thread.
    """

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        factory: EngineFactory,
        metrics: Metrics,
        *,
        role: str = "production",
        drain: bool = False,
        decode: Decode = decode_now,
        changed: Callable[[ModelInfo], None] = lambda _: None,
        free_bytes: Callable[[], int | None] = available_bytes,
        retry_s: float = 15.0,
    ) -> None:
        self.slot = ModelSlot()
        self._role = role
        self._fetch = fetch
        self._factory = factory
        self._metrics = metrics
        for outcome in ("installed", "refused"):
            # There from the start: of a series that begins with its first event, Prometheus sees no increase.
            metrics.swaps.labels(role, outcome)
        self._drain = drain
        self._decode = decode
        self._changed = changed
        self._free_bytes = free_bytes
        self._retry_s = retry_s
        self._retry: threading.Timer | None = None
        self._info = ModelInfo(name, None, "none", reason="no version is in production")
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._requested: str | None = None
        self._serving: LoadedCandidate | None = None
        self._refused: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="model-updater", daemon=True)

    @property
    def info(self) -> ModelInfo:
        return self._info

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Free the model once nobody holds it."""
        if self._retry is not None:
            self._retry.cancel()
        self._commands.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        self.slot.install(None, "the transcriber is stopping")
        while not self._commands.empty():
            if task := self._commands.get():
                task()

    def request_version(self, version: str | None) -> None:
        """Ask for this version, or for none; nothing happens where it is current, or was refused."""
        if version != self._requested or version is not None:
            self._requested = version
            self._commands.put(lambda: self._reach(version))

    def explain(self, reason: str) -> None:
        """Say why there is no model, as long as there is none."""
        if self._info.version is None and self._info.state in ("none", "failed"):
            self._set(replace(self._info, reason=reason))

    def _run(self) -> None:
        while (task := self._commands.get()) is not None:
            try:
                # Each in a context of its own: what one binds to its log lines is not the next one's.
                copy_context().run(task)
            except Exception:
                log.exception("the model updater failed", extra={"event": "updater_error"})

    def _reach(self, version: str | None) -> None:
        current = self.slot.current
        if version != self._requested or (current is not None and current.version == version):
            return
        if version is None:
            self._unload()
            return
        if version in self._refused:
            return
        before = self._info
        self._set(replace(before, state="loading", target=version, reason=""))
        started = time.monotonic()
        try:
            self._swap(version, started)
        except ModelRefused as error:
            self._refuse(version, error.reason, lasting=not isinstance(error, MemoryShort))
        except CarabinError as error:
            self._refuse(version, str(error), lasting=isinstance(error, ManifestInvalid))

    def _swap(self, version: str, started: float) -> None:
        candidate = self._fetch(version)
        if candidate.manifest is not None and (trace := candidate.manifest.source.get(FIELD)):
            bind(**{FIELD: trace})
        self._timed("fetch", started)
        self._make_room(candidate)
        loading = time.monotonic()
        engine = load(candidate, self._factory, self._decode)
        self._timed("load", loading)
        previous = self.slot.current.version if self.slot.current else None
        self.slot.install(ModelHandle(version, engine, self._retire))
        self._serving = candidate
        self._timed("total", started)
        self._metrics.swaps.labels(self._role, "installed").inc()
        if previous is not None:
            self._metrics.model.remove(self._role, previous)
        self._metrics.model.labels(self._role, version).set(1)
        self._metrics.model_bytes.set(resident_bytes())
        log.info("model in use", extra={"event": "model_installed", "version": version, "previous": previous})
        self._set(ModelInfo(self._info.name, version, "steady", loaded_at=datetime.now(UTC)))

    def _make_room(self, candidate: LoadedCandidate) -> None:
        free = self._free_bytes()
        need = int(candidate.size_bytes * ROOM) + WORKSPACE_BYTES
        if free is None or free >= need:
            return
        if not self._drain or self.slot.current is None:
            raise MemoryShort(
                candidate.version,
                f"it needs {need >> 20} MiB and {free >> 20} MiB are free; give more memory,"
                " or let the swap drain first (swap_when_short=drain)",
            )
        log.warning("draining before loading", extra={"event": "model_drain", "version": candidate.version})
        self._metrics.swaps.labels(self._role, "drained").inc()
        handle = self.slot.install(None, "a new model is being loaded")
        if handle is not None:
            handle.idle.wait()
            handle.engine.close()

    def _refuse(self, version: str, reason: str, *, lasting: bool) -> None:
        """Keep what there is; a version that is bad itself is not tried again, any other is after a while."""
        if lasting:
            self._refused[version] = reason
        else:
            self._retry = threading.Timer(self._retry_s, self._commands.put, [lambda: self._reach(version)])
            self._retry.daemon = True
            self._retry.start()
        self._restore()
        self._metrics.swaps.labels(self._role, "refused").inc()
        log.error("model refused", extra={"event": "model_refused", "version": version, "reason": reason})
        current = self.slot.current
        self._set(
            ModelInfo(
                self._info.name,
                current.version if current else None,
                "failed",
                target=version,
                reason=reason,
                loaded_at=self._info.loaded_at,
            )
        )

    def _restore(self) -> None:
        """Load the version that was drained for one that then failed."""
        if self.slot.current is None and self._serving is not None:
            try:
                engine = load(self._serving, self._factory, self._decode)
            except ModelRefused as error:
                log.error("the old model cannot be restored", extra={"event": "restore_failed", "error": str(error)})
            else:
                self.slot.install(ModelHandle(self._serving.version, engine, self._retire))

    def _unload(self) -> None:
        """End a trial: its utterances end on it, the next ones go elsewhere."""
        previous = self.slot.install(None, "its trial is over")
        self._serving = None
        if previous is not None:
            self._metrics.model.remove(self._role, previous.version)
            self._metrics.swaps.labels(self._role, "ended").inc()
            self._set(ModelInfo(self._info.name, None, "none", reason="its trial is over"))

    def _retire(self, handle: ModelHandle) -> None:
        """Free a model on the updater's thread: it takes a moment, and whoever gave the last lease back is busy."""
        self._commands.put(lambda: self._free(handle))

    def _free(self, handle: ModelHandle) -> None:
        handle.engine.close()
        self._metrics.model_bytes.set(resident_bytes())
        log.info("model freed", extra={"event": "model_freed", "version": handle.version})

    def _timed(self, part: str, since: float) -> None:
        self._metrics.swap_seconds.labels(part).observe(time.monotonic() - since)

    def _set(self, info: ModelInfo) -> None:
        self._info = info
        self._changed(info)
