"""The models that are served, by name, and which of them leaves when memory is short."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..core.api import ModelInfo
from ..core.errors import UnknownModel
from ..models.lexicons import Lexicons
from ..models.roles import ModelRoles
from ..models.source import ModelSource
from ..scheduling.shadow import Shadow


@dataclass(frozen=True, slots=True)
class ModelParts:
    """One name and what stands beside it in the store."""

    name: str
    source: ModelSource
    lexicons: Lexicons


class ServedModel:
    """One name: its versions, its words and its sessions."""

    def __init__(self, parts: ModelParts, roles: ModelRoles, shadow: Shadow) -> None:
        self.name = parts.name
        self.source = parts.source
        self.lexicons = parts.lexicons
        self.roles = roles
        self.shadow = shadow
        self.sessions = 0
        self.used_at = -1.0
        """When a client last asked for it, opened a session or closed one; -1 before the first."""
        self._settled = not roles.wanted

    @property
    def info(self) -> ModelInfo:
        """The production version and the state of its newest change."""
        return self.roles.production.info

    @property
    def loaded(self) -> bool:
        """Whether a session can begin now."""
        return self.roles.production.slot.current is not None

    @property
    def can_serve(self) -> bool:
        """Whether a session can begin now, or once the model is loaded for it."""
        return self.loaded or (not self.roles.wanted and self.roles.decided is not None)

    @property
    def starting(self) -> bool:
        """Whether it is being loaded for the first time since the start, and was not refused yet."""
        info = self.info
        self._settled = self._settled or self.loaded or info.state == "failed"
        return not self._settled and info.state == "loading"

    @property
    def why_not(self) -> str:
        """Why no session can begin now."""
        info = self.info
        if info.state == "loading":
            before = f"; it failed before: {info.reason}" if info.reason else ""
            return f"model {info.target} is being loaded{before}"
        return info.reason or "no model was loaded yet"


class ServedModels:
    """Finds a model by its name; thread-safe.

    Args:
        models: at least one; the first is the default.
        clock: any steady clock, in seconds.
    """

    def __init__(self, models: Sequence[ServedModel], clock: Callable[[], float]) -> None:
        self._models = {model.name: model for model in models}
        self.default = models[0]
        self._clock = clock
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def find(self, name: str | None) -> ServedModel:
        """Return a model; None names the default.

        Raises:
            UnknownModel: there is none of that name.
        """
        if name is None:
            return self.default
        if name not in self._models:
            raise UnknownModel(name, tuple(self._models))
        return self._models[name]

    def ask_for(self, model: ServedModel) -> None:
        """Note that a client wants this model, and load it where it waited for that, or for room that there is now."""
        with self._lock:
            self._ask_for(model)

    def enter(self, model: ServedModel) -> None:
        """Ask for a model and count a session: as long as it is open, its model does not leave."""
        with self._lock:
            self._ask_for(model)
            model.sessions += 1

    def exit(self, model: ServedModel) -> None:
        """Take a session out of the count."""
        with self._lock:
            model.sessions -= 1
            model.used_at = self._clock()

    def evict_for(self, name: str) -> threading.Event | None:
        """Unload the model that nobody has used for longest, to make room for this one.

        Only one without a session, and that was asked for less recently than this one, so that two models that nobody
        uses do not take turns.

        Returns:
            an event that is set when its memory is free; None where every other one is needed.
        """
        with self._lock:
            unused = self._unused(self._models[name])
            if unused is None:
                return None
            return unused.roles.leave(f"it left to make room for {name}; it is loaded again when a client asks for it")

    def _ask_for(self, model: ServedModel) -> None:
        model.used_at = self._clock()
        refused = model.info.state == "failed" and not model.loaded and self._unused(model) is not None
        if not model.roles.wanted or refused:
            model.roles.want()

    def _unused(self, asking: ServedModel) -> ServedModel | None:
        found = [
            model
            for model in self._models.values()
            if model.loaded and not model.sessions and model.info.state != "loading" and model.used_at < asking.used_at
        ]
        return min(found, key=lambda model: model.used_at, default=None)
