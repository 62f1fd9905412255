"""What a client may choose for its session; every value is checked when the object is made."""

import re
from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Literal

from .errors import InvalidConfig

SAMPLE_RATE_HZ = 16_000
"""The rate of all audio inside the transcriber; Whisper's and Silero's own."""

MAX_TEXT_LENGTH = 8000
"""Characters of the hotwords or of the initial prompt. A prompt holds some 500; what does not fit is encoded all the
same before it is cut, on the event loop, where all sessions wait for it."""
MAX_NAMES = 200
"""Entries of the hotwords, or vocabularies, for the same reason."""

Task = Literal["transcribe", "translate"]


@dataclass(frozen=True)
class VadConfig:
    """When speech begins and when an utterance ends.

    Raises:
        InvalidConfig: a value is out of range; the text names it.
    """

    threshold: float = 0.5
    """Speech begins at this probability; it goes on down to 0.15 below it, as Silero's authors advise."""
    min_silence_s: float = 0.45
    """An utterance ends after this much silence: long enough for a breath, short enough to feel immediate."""
    adaptive: bool = True
    """The silence shrinks while the utterance grows; False where a client chose its own, which then always holds."""
    speech_pad_s: float = 0.3
    """Audio kept before and after the speech: consonants start below the threshold."""
    min_speech_s: float = 0.1
    """Shorter bursts are clicks, not words."""

    def __post_init__(self) -> None:
        _within("vad threshold", self.threshold, 0.05, 0.95)
        _within("vad min_silence_s", self.min_silence_s, 0.1, 5.0)
        _within("vad speech_pad_s", self.speech_pad_s, 0.0, 1.0)
        _within("vad min_speech_s", self.min_speech_s, 0.0, 2.0)


@dataclass(frozen=True)
class SessionConfig:
    """One session's choices.

    Raises:
        InvalidConfig: a value is out of range or too long; the text names it.
    """

    model: str | None = None
    """The name of one of the models that are served; None takes the first."""
    language: str | None = "fr"
    """An ISO code, a locale such as `fr-FR`, or None to detect it from the first words."""
    task: Task = "transcribe"
    """`translate` writes English whatever is spoken."""
    hotwords: str | None = None
    """Words to expect, as free text; they come before the initial prompt. At most `MAX_TEXT_LENGTH` of each."""
    initial_prompt: str | None = None
    """Text in the style to expect; what does not fit the prompt is cut and counted in the metrics."""
    vocabularies: tuple[str, ...] = ()
    """Names of the vocabularies, and of the specialties' lexicons, beside the model whose words are expected too."""
    use_vad: bool = True
    """False decodes silence as well: everything pushed is somewhere in an utterance."""
    vad: VadConfig = field(default_factory=VadConfig)
    no_speech_threshold: float = 0.45
    """Improbable text is dropped when the model's own no-speech probability is above this."""
    word_timestamps: bool = False
    partials: bool = True
    steady: bool = True
    """Partials withhold the words at the audio's end, which the next one often revises; False shows them at once."""

    def __post_init__(self) -> None:
        _within("no_speech_threshold", self.no_speech_threshold, 0.0, 1.0)
        if self.task not in ("transcribe", "translate"):
            raise InvalidConfig("task", f"{self.task!r} is neither 'transcribe' nor 'translate'")
        _at_most(MAX_TEXT_LENGTH, "characters", hotwords=self.hotwords or "", initial_prompt=self.initial_prompt or "")
        _at_most(MAX_NAMES, "entries", hotwords=self.hotword_list, vocabularies=self.vocabularies)

    @property
    def hotword_list(self) -> list[str]:
        """The words and phrases of `hotwords`, in order; commas, semicolons and line breaks stand between them."""
        return [word for part in re.split(r"[,;\n]", self.hotwords or "") if (word := part.strip())]


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidConfig(name, f"is {value}: use {low} to {high}")


def _at_most(limit: int, unit: str, **values: Sized) -> None:
    for name, value in values.items():
        if len(value) > limit:
            raise InvalidConfig(name, f"has {len(value)} {unit}: {limit} are allowed")
