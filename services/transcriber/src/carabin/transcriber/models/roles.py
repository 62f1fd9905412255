"""The versions that serve: production, a canary with its share of the sessions, a shadow whose text nobody sees."""

import random
import threading
from collections.abc import Callable
from functools import partial

from carabin.registry.stages.resolve import Decision
from carabin.service.memory import available_bytes
from carabin.service.threads import ThreadSupervisor

from ..core.api import ModelInfo
from ..metrics import Metrics
from .loader import Decode, EngineFactory, decode_now
from .slot import ModelSlot, Slot, TrialSlot
from .updater import Fetch, ModelUpdater

ON_DEMAND = "it is loaded when a client first asks for it"
Draw = Callable[[], float]
"""A number from 0 up to 1, for each session."""


class ModelRoles:
    """Which version serves whom; `decide` may be called from any thread.

    A canary or a shadow has an updater, and so a thread, from the first time that the registry names one.

    Args:
        wanted: False keeps the registry's decision until `want` is called: the model is loaded on demand.
        evict: makes room for production, as `ModelUpdater` has it; a trial never takes another model's place.
    """

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        factory: EngineFactory,
        metrics: Metrics,
        threads: ThreadSupervisor,
        *,
        drain: bool = False,
        wanted: bool = True,
        evict: Callable[[], threading.Event | None] = lambda: None,
        decode: Decode = decode_now,
        free_bytes: Callable[[], int | None] = available_bytes,
        changed: Callable[[ModelInfo], None] = lambda _: None,
        draw: Draw = random.random,
    ) -> None:
        self.wanted = wanted
        """Whether the model is loaded, or on its way; False: it waits to be asked for."""
        self._new_updater = partial(
            ModelUpdater, name, fetch, factory, metrics, threads, decode=decode, free_bytes=free_bytes
        )
        self.production = self._new_updater(drain=drain, evict=evict, changed=changed)
        self._decision: Decision | None = None
        self._trial_slots = {"canary": ModelSlot(), "shadow": ModelSlot()}
        self._trials: dict[str, ModelUpdater] = {}
        self._lock = threading.Lock()
        self._share = 0.0
        self._draw = draw

    @property
    def shadow(self) -> Slot:
        """The slot of the shadow; empty while there is none."""
        return self._trial_slots["shadow"]

    def start(self) -> None:
        """Start the production version's updater."""
        self.production.start()
        if not self.wanted:
            self.production.explain(ON_DEMAND)

    def stop(self) -> None:
        """Stop all updaters and free their models."""
        for updater in self._updaters():
            updater.stop()

    def decide(self, decision: Decision) -> None:
        """Serve what the registry decided, once it is wanted; without a production version the one in use stays."""
        with self._lock:
            self._decision = decision
            if self.wanted:
                self._serve(decision)

    @property
    def decided(self) -> str | None:
        """The version that the registry wants in production; None before it was read, and where there is none."""
        return self._decision.version if self._decision is not None else None

    def want(self) -> None:
        """Load what the registry decided and decides from now on, and try again what failed for want of room."""
        with self._lock:
            self.wanted = True
            if self._decision is None:
                return
            if self._decision.version is not None:
                self.production.announce(self._decision.version)
            self._serve(self._decision)

    def leave(self, reason: str) -> threading.Event:
        """Unload everything until `want` is called; the event is set when production's memory is free."""
        with self._lock:
            self.wanted = False
            self._try_version("canary", None)
            self._try_version("shadow", None)
            return self.production.leave(reason)

    def _serve(self, decision: Decision) -> None:
        if decision.version is not None:
            self.production.request_version(decision.version)
        self._share = decision.canary.share if decision.canary else 0.0
        self._try_version("canary", decision.canary.version if decision.canary else None)
        self._try_version("shadow", decision.shadow)

    def slot(self) -> Slot:
        """Draw the slot of a new session."""
        canary = self._trial_slots["canary"]
        if canary.current is not None and self._draw() < self._share:
            return TrialSlot(canary, self.production.slot)
        return self.production.slot

    def in_use(self) -> set[str]:
        """Return the versions whose files may be needed."""
        return {version for updater in self._updaters() for version in updater.needed}

    def _try_version(self, role: str, version: str | None) -> None:
        updater = self._trials.get(role)
        if updater is None:
            if version is None:
                return
            updater = self._trials[role] = self._new_updater(role=role, slot=self._trial_slots[role])
            updater.start()
        updater.request_version(version)

    def _updaters(self) -> tuple[ModelUpdater, ...]:
        return (self.production, *list(self._trials.values()))
