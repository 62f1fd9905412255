"""Which of the served models a client's `model` names: pure."""

from ..core.api import ModelInfo, Transcriber
from ..core.errors import UnknownModel

PLACEHOLDER = "whisper-1"
"""OpenAI's own name, which most of its clients send whatever the server has."""


def is_served(asked: str | None, transcriber: Transcriber) -> bool:
    """Return whether a client's `model` is the name of one that is served."""
    return any(info.name == asked for info in transcriber.models)


def chosen_model(asked: str | None, transcriber: Transcriber) -> str | None:
    """Return the name of the model that an upload gets, or None for the default.

    With one model every name means that one, as clients of OpenAI send names of OpenAI's. With several, nothing and
    `whisper-1` mean the default; a specialty's recording must not be written by another's model unnoticed.

    Raises:
        UnknownModel: several models are served, and none of that name.
    """
    if is_served(asked, transcriber):
        return asked
    if not asked or asked == PLACEHOLDER or len(transcriber.models) == 1:
        return None
    raise UnknownModel(asked, tuple(info.name for info in transcriber.models))


def listed(info: ModelInfo) -> dict[str, object]:
    """Return what a list of models says of one: its version, whether it is loaded, and why not."""
    return {"version": info.version, "loaded": info.version is not None, "state": info.state, "reason": info.reason}
