"""The events of a dictation: frozen facts, in the order in which they became true.

Times are seconds of the session's own audio clock: 0 is the first sample pushed. Utterances are numbered from 0, in
order, and never overlap in time. Within an utterance `stable` only grows; the final comes from one decode of the whole
utterance alone and may correct it.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """One word and when it was spoken."""

    text: str
    """With Whisper's leading space: joined words are the utterance's text."""
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Partial:
    """What has been transcribed so far of an utterance that goes on."""

    utterance: int
    revision: int
    """Counts from 0 within the utterance."""
    start_s: float
    end_s: float
    stable: str
    """Words that two successive hypotheses agreed on; it only grows until the final."""
    tail: str
    """Words that may still change; `stable + tail` is the whole partial text."""
    model_version: str
    language: str


@dataclass(frozen=True, slots=True)
class Final:
    """An utterance whose text never changes again; the only place where text is authoritative."""

    utterance: int
    start_s: float
    end_s: float
    text: str
    """With Whisper's leading space; never empty."""
    words: tuple[Word, ...]
    """Empty unless the session asked for word times."""
    confidence: float
    """Geometric mean of the tokens' probabilities, 0 to 1."""
    model_version: str
    language: str
    lexicon: tuple[str, ...] = ()
    """Entries of the hospital's lexicon that a second decode put into the text."""
    tokens: tuple[int, ...] = ()
    """The model's tokens of the text."""
    no_speech_prob: float = 0.0
    """The model's own probability that nobody spoke, 0 to 1."""


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """Sent once, before the first text, to a session that left the language open."""

    language: str
    probability: float


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The utterances from here on are written by another model version."""

    version: str
    previous: str | None


@dataclass(frozen=True, slots=True)
class AudioAcknowledged:
    """All audio before this time is in a final or held no speech: a client that resumes need not send it again."""

    audio_s: float


@dataclass(frozen=True, slots=True)
class FlushFinished:
    """The answer to `flush()`: everything pushed before it is final."""

    audio_s: float


@dataclass(frozen=True, slots=True)
class SessionWarning:
    """Something that the client should know and that stops nothing."""

    code: str
    """What it is about, as an identifier, such as `prompt_cut`."""
    message: str
    """One sentence with figures; it never holds dictated text."""


@dataclass(frozen=True, slots=True)
class SessionFailed:
    """The session cannot go on; no event follows. The reason never holds dictated text."""

    reason: str
    not_audio: bool = False
    """The client's samples cannot be audio in their declared format; False is the service's own failure."""


Event: TypeAlias = (
    Partial
    | Final
    | LanguageDetected
    | ModelChanged
    | AudioAcknowledged
    | FlushFinished
    | SessionWarning
    | SessionFailed
)
