"""A client for Carabin's transcriber and for any WhisperLive server: connect, send, read events, resume.

Example:
    async with connect("ws://localhost:9090", Options(language="fr")) as dictation:
        sending = asyncio.create_task(send_all(dictation))
        async for event in dictation:
            if isinstance(event, FinalText):
                ...
"""

from .connection import LiveDictation, connect
from .errors import (
    BadServerMessage,
    ClientError,
    ConnectionLost,
    ServerBusy,
    ServerDraining,
    ServerNotReady,
    ServerRefused,
    ServerUnreachable,
)
from .events import (
    Acknowledged,
    Command,
    DetectedLanguage,
    Event,
    FinalText,
    Flushed,
    ModelSwitched,
    PartialText,
    Ready,
    Resumed,
    Warned,
)
from .options import Options

__all__ = [
    "Acknowledged",
    "BadServerMessage",
    "ClientError",
    "Command",
    "ConnectionLost",
    "DetectedLanguage",
    "Event",
    "FinalText",
    "Flushed",
    "LiveDictation",
    "ModelSwitched",
    "Options",
    "PartialText",
    "Ready",
    "Resumed",
    "ServerBusy",
    "ServerDraining",
    "ServerNotReady",
    "ServerRefused",
    "ServerUnreachable",
    "Warned",
    "connect",
]
