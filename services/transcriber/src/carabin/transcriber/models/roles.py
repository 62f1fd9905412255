"""The versions that serve: production, a canary with its share of the sessions, a shadow that nobody sees."""

import random
from collections.abc import Callable

from carabin.registry.stages.resolve import Decision

from ..core.api import ModelInfo
from ..metrics import Metrics
from .loader import Decode, EngineFactory, decode_now
from .slot import Slot, TrialSlot
from .updater import Fetch, ModelUpdater

Draw = Callable[[], float]
"""A number from 0 up to 1, for each session."""


class ModelRoles:
    """Three updaters and who gets which; `decide` may be called from any thread."""

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        factory: EngineFactory,
        metrics: Metrics,
        *,
        drain: bool = False,
        decode: Decode = decode_now,
        changed: Callable[[ModelInfo], None] = lambda _: None,
        draw: Draw = random.random,
    ) -> None:
        self.production = ModelUpdater(name, fetch, factory, metrics, drain=drain, decode=decode, changed=changed)
        self._canary = ModelUpdater(name, fetch, factory, metrics, role="canary", decode=decode)
        self._shadow = ModelUpdater(name, fetch, factory, metrics, role="shadow", decode=decode)
        self._share = 0.0
        self._draw = draw

    @property
    def shadow(self) -> Slot:
        return self._shadow.slot

    def start(self) -> None:
        for updater in self._updaters():
            updater.start()

    def stop(self) -> None:
        for updater in self._updaters():
            updater.stop()

    def decide(self, decision: Decision) -> None:
        """Serve what the registry says; without a production version the one in use stays."""
        if decision.version is not None:
            self.production.request_version(decision.version)
        self._share = decision.canary.share if decision.canary else 0.0
        self._canary.request_version(decision.canary.version if decision.canary else None)
        self._shadow.request_version(decision.shadow)

    def slot(self) -> Slot:
        """Draw the slot of a new session."""
        if self._canary.slot.current is not None and self._draw() < self._share:
            return TrialSlot(self._canary.slot, self.production.slot)
        return self.production.slot

    def in_use(self) -> set[str]:
        """Return the versions whose files may be needed."""
        return {updater.info.version for updater in self._updaters() if updater.info.version}

    def _updaters(self) -> tuple[ModelUpdater, ...]:
        return (self.production, self._canary, self._shadow)
