"""What a client may choose."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """One dictation's choices; the server's documentation says what each one does."""

    language: str | None = "fr"
    """None lets the server detect it."""
    task: str = "transcribe"
    model: str = ""
    """WhisperLive servers load it; Carabin's choose for themselves."""
    hotwords: str | None = None
    initial_prompt: str | None = None
    vocabularies: tuple[str, ...] = ()
    word_timestamps: bool = False
    use_vad: bool = True
    format: bool = True

    def hello(self, uid: str, token: str | None = None) -> dict[str, Any]:
        """Return the first message to the server."""
        hello: dict[str, Any] = {
            "uid": uid,
            "language": self.language,
            "task": self.task,
            "use_vad": self.use_vad,
            "hotwords": self.hotwords,
            "initial_prompt": self.initial_prompt,
            "word_timestamps": self.word_timestamps,
            "model": self.model or None,
            "vocabularies": list(self.vocabularies),
            "format": self.format,
            "events": True,
            "resume": True,
        }
        return hello | ({"token": token} if token else {})
