"""The messages to a WhisperLive client: JSON text with the keys that published clients read, and ours beside.

The ten points that those clients depend on are kept here and in `outgoing.py`; docs/protocol.md lists them.
"""

import json
from typing import Any

from ..core.api import ModelInfo
from ..core.events import Word

BACKEND = "faster_whisper"
"""The only backend whose segments the published Python client keeps."""


def encode(uid: str, **fields: Any) -> str:
    """Return one message; clients ignore messages with another uid."""
    return json.dumps({"uid": uid, **fields}, ensure_ascii=False)


def ready(uid: str, session: str, model: ModelInfo, **ours: Any) -> str:
    """The answer to the configuration: send audio now."""
    return encode(
        uid,
        message="SERVER_READY",
        backend=BACKEND,
        model=model.name,
        model_version=model.version,
        session=session,
        **ours,
    )


def wait(uid: str, retry_after_s: float) -> str:
    """The server is full; the time is in minutes, as clients expect."""
    return encode(uid, status="WAIT", message=round(retry_after_s / 60, 2))


def failure(uid: str, sentence: str, label: str) -> str:
    """This session cannot be, or cannot go on."""
    return encode(uid, status="ERROR", message=sentence, code=label)


def warning(uid: str, sentence: str, code: str | None = None) -> str:
    """The session goes on, otherwise than the client asked; a session's own warning has a code."""
    return encode(uid, status="WARNING", message=sentence, **({} if code is None else {"code": code}))


def language(uid: str, code: str, probability: float) -> str:
    """The language that was detected; sent once a connection, before the first segments."""
    return encode(uid, language=code, language_prob=round(probability, 4))


def disconnect(uid: str) -> str:
    """The session's time is over; not an error."""
    return encode(uid, message="DISCONNECT")


def event(uid: str, kind: str, /, **fields: Any) -> str:
    """A message of ours, only for clients that asked for `events`."""
    return encode(uid, event=kind, **fields)


def word(each: Word) -> dict[str, Any]:
    """One word as WhisperLive writes it: seconds as strings of three decimals."""
    return {
        "word": each.text,
        "start": seconds(each.start_s),
        "end": seconds(each.end_s),
        "probability": round(each.probability, 4),
    }


def seconds(value: float) -> str:
    """Write a time as WhisperLive does."""
    return f"{value:.3f}"
