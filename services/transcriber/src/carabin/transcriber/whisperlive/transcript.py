"""The segments of one WhisperLive session: finals in order, at most one partial after them; pure."""

from dataclasses import dataclass, field
from typing import Any

from ..core.events import Final, Partial
from ..formatting import Carry, CommandPiece, Formatter
from .messages import seconds, word

Segment = dict[str, Any]

KEPT_SEGMENTS = 1000
"""As many as a client may ask to have repeated; older ones, an hour and more back, are forgotten."""


@dataclass(slots=True)
class Transcript:
    """What was said so far, as far as it may be asked for again.

    A completed segment is written once and never changes; its times never overlap those before, because the published
    client drops a segment that starts before the end of the last one.
    """

    formatter: Formatter | None = None
    events: bool = False
    """Whether the client asked for what published servers do not send: `lexicon` is such a key."""
    completed: list[Segment] = field(default_factory=list)
    _partial: Segment | None = None
    _carry: Carry = field(default_factory=Carry)

    def final(self, final: Final) -> tuple[CommandPiece, ...]:
        """Add a completed segment; return the commands that the speaker gave in it."""
        segment = self._segment(final.start_s, final.end_s, final.text, completed=True)
        segment |= {
            "utterance": final.utterance,
            "model_version": final.model_version,
            "confidence": round(final.confidence, 4),
            **({"lexicon": list(final.lexicon)} if self.events and final.lexicon else {}),
        }
        if final.words:
            segment["words"] = [word(each) for each in final.words]
        commands: tuple[CommandPiece, ...] = ()
        if self.formatter is not None:
            formatted = self.formatter.final(final.text, self._carry)
            segment["formatted"], self._carry, commands = formatted.text, formatted.carry, formatted.events
        self.completed.append(segment)
        del self.completed[:-KEPT_SEGMENTS]
        self._partial = None
        return commands

    def partial(self, partial: Partial) -> None:
        """Replace the segment in progress."""
        text = partial.stable + partial.tail
        if not text.strip():
            return
        self._partial = self._segment(partial.start_s, partial.end_s, text, completed=False) | {
            "utterance": partial.utterance,
            "model_version": partial.model_version,
            "stable": len(_led(partial.stable)) if partial.stable.strip() else 0,
        }
        if self.formatter is not None:
            formatted = self.formatter.partial(partial.stable, partial.tail, self._carry)
            self._partial |= {"formatted": formatted.text, "formatted_settled": formatted.settled}

    def acknowledge(self, audio_s: float) -> bool:
        """Take the segment in progress away when its audio turned out to hold no words; say whether there was one."""
        if self._partial is None or float(self._partial["end"]) > float(seconds(audio_s)):
            return False
        self._partial = None
        return True

    def segments(self, at_least_completed: int) -> list[Segment]:
        """Return so many of the newest completed segments, then the one in progress if there is one."""
        newest = self.completed[-at_least_completed:] if at_least_completed > 0 else []
        return [*newest, *([self._partial] if self._partial else [])]

    def count_after(self, utterance: int) -> int:
        """Return how many completed segments follow the utterance of this number."""
        return sum(segment["utterance"] > utterance for segment in self.completed)

    def _segment(self, start_s: float, end_s: float, text: str, *, completed: bool) -> Segment:
        floor_s = float(self.completed[-1]["end"]) if self.completed else 0.0
        start_s = max(start_s, floor_s)
        return {
            "start": seconds(start_s),
            "end": seconds(max(end_s, start_s)),
            "text": _led(text),
            "completed": completed,
        }


def _led(text: str) -> str:
    """Give text the leading space that distinguishes two equal segments in the published client."""
    return text if text.startswith(" ") else f" {text}"
