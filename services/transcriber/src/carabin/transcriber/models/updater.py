"""Keeps one slot filled with the version that its role should serve, from a thread of its own.

A new version is downloaded, hashed, loaded, validated and warmed beside the one in use; then one assignment makes it
current. A bad one is refused with its reason and not tried again while it is the same version; the old one goes on.
Over 200 lines: the states of one swap, of which none is of use without the others.
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
from carabin.service.logging import bind, describe_error
from carabin.service.memory import available_bytes
from carabin.service.threads import SupervisedThread, ThreadSupervisor
from carabin.service.tracing import FIELD

from ..core.api import ModelInfo, ModelState
from ..core.errors import DeviceShort, MemoryShort, ModelRefused
from ..core.memory import resident_bytes
from ..inference.engine import Engine
from ..metrics import Metrics
from .loader import Decode, EngineFactory, LoadedCandidate, decode_now, load
from .room import require_room
from .slot import ModelHandle, ModelSlot

log = logging.getLogger(__name__)

STOP_S = 10.0
"""How long a download or a load in progress may hold up a stop; the process ends without it."""

DRAIN_POLL_S = 0.5
"""How soon a drain that waits for the last utterance notices that the service stops."""

MAX_BACKOFF = 8
"""Retries are at most this many intervals apart: two minutes at the default, as the registry's own polls."""

Fetch = Callable[[str], LoadedCandidate]
"""Brings a version's files to the local disk; raises CarabinError."""


class ModelUpdater:
    """See the module. `request_version()` may be called from any thread; the newest request wins.

    Args:
        threads: supervises the updater's thread.
        role: what its version is for: `production`, `canary` or `shadow`.
        slot: where the version is installed; a new one by default.
        decode: runs the smoke dictation and the warm-up.
        drain: unload before loading where memory does not hold two models.
        evict: begins to unload another model that nobody uses, and returns the event of its end; None where each is
            used.
        changed: called after every change of state, on the updater's thread.
        retry_s: after a failure that may pass, the same version is tried once more so much later, doubled each time.
    """

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        factory: EngineFactory,
        metrics: Metrics,
        threads: ThreadSupervisor,
        *,
        role: str = "production",
        slot: ModelSlot | None = None,
        drain: bool = False,
        evict: Callable[[], threading.Event | None] = lambda: None,
        decode: Decode = decode_now,
        changed: Callable[[ModelInfo], None] = lambda _: None,
        free_bytes: Callable[[], int | None] = available_bytes,
        retry_s: float = 15.0,
    ) -> None:
        self.slot = slot or ModelSlot()
        self._name = name
        self._role = role
        self._fetch = fetch
        self._factory = factory
        self._metrics = metrics
        for outcome in ("installed", "refused"):
            # There from the start: of a series that begins with its first event, Prometheus sees no increase.
            metrics.swaps.labels(name, role, outcome)
        self._drain = drain
        self._evict = evict
        self._decode = decode
        self._changed = changed
        self._free_bytes = free_bytes
        self._retry_s = retry_s
        self._retry_at: float | None = None
        """When the failed version is tried again: at most one such time is pending."""
        self._in_a_row = 0
        """Failures of the requested version that may pass."""
        self._drained_for: str | None = None
        """The requested version, once the one in use was unloaded to make room for it: once is enough, or sessions
        would wait at each retry."""
        self._info = ModelInfo(name, None, "none", reason="no version is in production")
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._requested: str | None = None
        self._serving: LoadedCandidate | None = None
        self._refused: dict[str, str] = {}
        self._stopping = threading.Event()
        self._threads = threads
        self._thread: SupervisedThread | None = None

    @property
    def info(self) -> ModelInfo:
        """The version in use and the state of the newest change."""
        return self._info

    @property
    def needed(self) -> set[str]:
        """The versions whose files must stay: in use, on their way, or to be restored if that fails."""
        info, serving = self._info, self._serving
        on_its_way = info.target if info.state == "loading" else None
        found = (info.version, on_its_way, serving.version if serving else None)
        return {version for version in found if version}

    def start(self) -> None:
        """Begin to follow requests."""
        self._thread = self._threads.start(f"model-updater-{self._role}", self._follow)

    def stop(self) -> None:
        """Free the model once nobody holds it."""
        self._stopping.set()
        self._commands.put(None)
        if self._thread is not None:
            self._thread.join(STOP_S)
        self.slot.install(None, "the transcriber is stopping")
        while not self._commands.empty():
            if command := self._commands.get():
                command()

    def request_version(self, version: str | None) -> None:
        """Serve this version, or none; nothing happens where it is current, or was refused."""
        if version != self._requested or version is not None:
            if version != self._requested:
                self._in_a_row = 0
                self._drained_for = None
            self._requested = version
            self._commands.put(lambda: self._reach(version))

    def announce(self, version: str) -> None:
        """Say that a version is being loaded before its turn comes; to be called before it is requested.

        Who waits for a model that is loaded on demand must see that it is on its way.
        """
        if self.slot.current is None and self._info.state != "loading" and version not in self._refused:
            self._set(replace(self._info, state="loading", target=version, reason=self._reason_before(version)))

    def leave(self, reason: str) -> threading.Event:
        """Give the model's memory back to another model; the event is set when it is free."""
        self._requested = None
        # At once, on the caller's thread: no session that opens from now on may get it.
        handle = self.slot.install(None, reason)
        freed = threading.Event()
        self._commands.put(lambda: self._leave(handle, reason, freed))
        return freed

    def explain(self, reason: str) -> None:
        """Set the reason why there is no model, as long as there is none."""
        if self._info.version is None and self._info.state in ("none", "failed"):
            self._set(replace(self._info, reason=reason))

    def _follow(self) -> bool:
        """Run the next command, or the retry when it is due."""
        wait_s = None if self._retry_at is None else max(0.0, self._retry_at - time.monotonic())
        try:
            command = self._commands.get(timeout=wait_s)
        except queue.Empty:
            command = self._retry
        if command is None:
            return False
        # Each in a context of its own: what one binds to its log lines is not the next one's.
        copy_context().run(command)
        return True

    def _retry(self) -> None:
        self._retry_at = None
        if self._restore():
            self._set(replace(self._info, version=self._serving.version if self._serving else None))
        self._reach(self._requested)

    def _retry_later(self) -> None:
        """Wait longer after each failure in a row: a version that is downloaded each time must not fill the line."""
        self._retry_at = time.monotonic() + self._retry_s * min(1 << self._in_a_row, MAX_BACKOFF)
        self._in_a_row += 1

    def _reach(self, version: str | None) -> None:
        current = self.slot.current
        if version != self._requested:
            return
        if current is not None and current.version == version:
            if self._info.state == "loading":  # it was announced while a retry installed it
                self._set(ModelInfo(self._name, version, "steady", loaded_at=datetime.now(UTC)))
            return
        if version is None:
            self._unload()
            return
        if version in self._refused:
            return
        self._retry_at = None
        self._set(replace(self._info, state="loading", target=version, reason=self._reason_before(version)))
        started = time.monotonic()
        try:
            self._swap(version, started)
        except ModelRefused as error:
            self._refuse(version, error.reason, lasting=not isinstance(error, MemoryShort | DeviceShort))
        except CarabinError as error:
            self._refuse(version, str(error), lasting=isinstance(error, ManifestInvalid))
        except Exception as error:
            self._refuse(version, f"unexpected {type(error).__name__}: the log has its place", lasting=False)
            raise

    def _reason_before(self, version: str) -> str:
        """Return why this version failed the last time: while it is tried again, nobody should wait for it blindly."""
        return self._info.reason if self._info.state == "failed" and self._info.target == version else ""

    def _swap(self, version: str, started: float) -> None:
        candidate = self._fetch(version)
        if candidate.manifest is not None and (trace := candidate.manifest.source.get(FIELD)):
            bind(**{FIELD: trace})
        self._timed("fetch", started)
        previous = self.slot.current.version if self.slot.current else None
        self._make_room(candidate)
        loading = time.monotonic()
        engine = self._load(candidate)
        self._timed("load", loading)
        self.slot.install(ModelHandle(version, engine, self._retire, self._name))
        self._serving, self._in_a_row = candidate, 0
        self._timed("total", started)
        self._count("installed")
        self._metrics.model_in_use(self._name, self._role, version)
        self._metrics.model_bytes.set(resident_bytes())
        log.info("model in use", extra={"event": "model_installed", "version": version, "previous": previous})
        self._set(ModelInfo(self._name, version, "steady", loaded_at=datetime.now(UTC)))

    def _make_room(self, candidate: LoadedCandidate) -> None:
        """Unload other models that nobody uses, then the one in use where the operator chose that; else raise."""
        while True:
            try:
                require_room(candidate, self._free_bytes())
            except MemoryShort:
                if self._evicted_another():
                    continue
                if not self._drained(candidate):
                    raise
            return

    def _drained(self, candidate: LoadedCandidate) -> bool:
        """Unload the model in use to make room for another; False where that was not chosen, or done in vain."""
        handle = self.slot.current
        if not self._drain or handle is None or self._drained_for == candidate.version:
            return False
        log.warning("draining before loading", extra={"event": "model_drain", "version": candidate.version})
        self._drained_for = candidate.version
        self._count("drained")
        self.slot.install(None, "a new model is being loaded")
        if not self._until_idle(handle):
            return False
        handle.engine.close()
        return True

    def _load(self, candidate: LoadedCandidate) -> Engine:
        """Load a version; where there is no room for it after all, as on a GPU, again without another model."""
        while True:
            try:
                return load(candidate, self._factory, self._decode)
            except (DeviceShort, MemoryError) as error:
                short = error if isinstance(error, DeviceShort) else DeviceShort(candidate.version, "out of memory")
                if not self._evicted_another() and not (short.of_memory and self._drained(candidate)):
                    raise short from error

    def _evicted_another(self) -> bool:
        """Have another model unloaded that nobody uses; False where there is none."""
        freed = self._evict()
        while freed is not None and not freed.wait(DRAIN_POLL_S):
            if self._stopping.is_set():
                return False
        return freed is not None

    def _until_idle(self, handle: ModelHandle) -> bool:
        """Wait until nobody holds the model; False where the service stops first."""
        while not handle.idle.wait(DRAIN_POLL_S):
            if self._stopping.is_set():
                return False
        return True

    def _refuse(self, version: str, reason: str, *, lasting: bool) -> None:
        """Keep what there is; a version that is bad itself is not tried again, any other is after a while."""
        if lasting:
            self._refused[version] = reason
        else:
            self._retry_later()
        self._restore()
        self._count("refused")
        log.error("model refused", extra={"event": "model_refused", "version": version, "reason": reason})
        current = self.slot.current
        self._set(
            ModelInfo(
                self._name,
                current.version if current else None,
                "failed",
                target=version,
                reason=reason,
                loaded_at=self._info.loaded_at,
            )
        )

    def _restore(self) -> bool:
        """Load the version that was drained for one that then failed; return whether it serves again."""
        if self.slot.current is not None or self._serving is None or self._stopping.is_set():
            return False
        try:
            engine = load(self._serving, self._factory, self._decode)
        except Exception as error:  # sessions wait for it: whatever it was, it is tried again
            log.error("the old model cannot be restored", extra={"event": "restore_failed"} | describe_error(error))
            self._retry_later()
            return False
        self.slot.install(ModelHandle(self._serving.version, engine, self._retire, self._name))
        return True

    def _unload(self) -> None:
        """End a canary or a shadow: its utterances end on it, the next ones go elsewhere."""
        previous = self.slot.install(None, "its trial is over")
        self._serving, self._retry_at = None, None
        if previous is not None:
            self._metrics.model_in_use(self._name, self._role, None)
            self._count("ended")
            self._set(ModelInfo(self._name, None, "none", reason="its trial is over"))

    def _leave(self, left: ModelHandle | None, reason: str, freed: threading.Event) -> None:
        """Free the model that left; a decode of a session that has closed may hold it for a moment."""
        # Where a swap was on its way when it left, there are two.
        for handle in (left, self.slot.install(None, reason)):
            if handle is None:
                continue
            if not self._until_idle(handle):
                return
            handle.engine.close()
            self._metrics.model_in_use(self._name, self._role, None)
            self._count("left")
            log.info("model left", extra={"event": "model_left", "version": handle.version, "reason": reason})
        self._serving, self._retry_at = None, None
        state: ModelState = "none" if self._requested is None else "loading"
        self._set(ModelInfo(self._name, None, state, target=self._requested, reason=reason))
        freed.set()

    def _retire(self, handle: ModelHandle) -> None:
        """Free a model on the updater's thread: it takes a moment, and the thread that gave the last lease is busy."""
        self._commands.put(lambda: self._free(handle))

    def _free(self, handle: ModelHandle) -> None:
        handle.engine.close()
        self._metrics.model_bytes.set(resident_bytes())
        log.info("model freed", extra={"event": "model_freed", "version": handle.version})

    def _count(self, outcome: str) -> None:
        self._metrics.swaps.labels(self._name, self._role, outcome).inc()

    def _timed(self, part: str, since: float) -> None:
        self._metrics.swap_seconds.labels(part).observe(time.monotonic() - since)

    def _set(self, info: ModelInfo) -> None:
        self._info = info
        self._changed(info)
