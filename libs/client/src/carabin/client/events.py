"""What a server sends: frozen facts, in the order in which they came. Times are seconds of the audio that was sent."""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Ready:
    """The server takes audio."""

    model: str | None
    model_version: str | None
    """None from a WhisperLive server, which sends no version."""
    session: str | None


@dataclass(frozen=True, slots=True)
class PartialText:
    """An utterance in progress; the text may still change."""

    start_s: float
    end_s: float
    text: str
    stable: int
    """So many characters of `text` change no more before the final."""
    formatted: str | None
    formatted_settled: int | None
    """So many characters of `formatted` change no more before the final; None from a server that does not send it."""
    model_version: str | None


@dataclass(frozen=True, slots=True)
class FinalText:
    """An utterance that changes no more."""

    utterance: int
    start_s: float
    end_s: float
    text: str
    """With Whisper's leading space."""
    formatted: str | None
    """As a report would have it, empty where a command alone was spoken; None from a WhisperLive server."""
    confidence: float | None
    model_version: str | None
    words: tuple[dict[str, Any], ...] = ()
    lexicon: tuple[str, ...] = ()
    """Entries of the hospital's lexicon that were put into the text."""

    @property
    def written(self) -> str:
        """What belongs in a document: the formatted text, or Whisper's own where the server sends no other."""
        return self.text.strip() if self.formatted is None else self.formatted


@dataclass(frozen=True, slots=True)
class Warned:
    """The session goes on, otherwise than asked."""

    sentence: str


@dataclass(frozen=True, slots=True)
class DetectedLanguage:
    """The language was left open and this is it."""

    language: str
    probability: float


@dataclass(frozen=True, slots=True)
class ModelSwitched:
    """The utterances from here on are written by another model version."""

    version: str
    previous: str | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Audio before this time will not be needed again."""

    audio_s: float


@dataclass(frozen=True, slots=True)
class Flushed:
    """All audio before this time is final."""

    audio_s: float


@dataclass(frozen=True, slots=True)
class Command:
    """The speaker asked for something instead of dictating it."""

    utterance: int
    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The connection broke and was taken up again."""

    same_session: bool
    """False when the server no longer knew the session, and the audio that was open went to a new one."""


Event: TypeAlias = (
    Ready
    | PartialText
    | FinalText
    | Warned
    | DetectedLanguage
    | ModelSwitched
    | Acknowledged
    | Flushed
    | Command
    | Resumed
)
