"""Puts a session's events in the order of its utterances, whichever decode is ready first; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..core.events import Event, Partial


@dataclass(slots=True)
class _Entry:
    preface: list[Event] = field(default_factory=list)
    """Emitted before the utterance's first text."""
    partial: Partial | None = None
    """The newest one, withheld while an older utterance is not final."""
    closing: Sequence[Event] | None = None


class EventSequencer:
    """Only the oldest open utterance's events are emitted; the others' newest partials and finals wait for it."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._entries: dict[int, _Entry] = {}

    def __len__(self) -> int:
        """Return how many utterances are not final yet."""
        return len(self._entries)

    def open(self, utterance: int) -> None:
        """Announce an utterance; numbers must rise."""
        self._entries[utterance] = _Entry()

    def preface(self, utterance: int, event: Event) -> None:
        """Emit `event` before the next text of the utterance."""
        self._entries[utterance].preface.append(event)

    def partial(self, partial: Partial) -> None:
        """Emit a partial, or keep the newest one while an older utterance is not final."""
        entry = self._entries[partial.utterance]
        entry.partial = partial
        self._drain()

    def close(self, utterance: int, events: Sequence[Event]) -> None:
        """End the utterance with these events."""
        entry = self._entries[utterance]
        entry.closing, entry.partial = events, None
        self._drain()

    def fail(self, utterance: int, event: Event) -> None:
        """End the utterance with this event, the last one of all: those behind it are forgotten."""
        for later in [number for number in self._entries if number > utterance]:
            del self._entries[later]
        self._entries[utterance] = _Entry()
        self.close(utterance, [event])

    def clear(self) -> None:
        """Forget all that was withheld."""
        self._entries.clear()

    def _drain(self) -> None:
        while self._entries:
            number, entry = next(iter(self._entries.items()))
            texts: list[Event] = [entry.partial] if entry.partial else list(entry.closing or ())
            entry.partial = None
            if texts:
                for event in entry.preface:
                    self._emit(event)
                entry.preface.clear()
            for event in texts:
                self._emit(event)
            if entry.closing is None:
                return
            # Prefaces of an utterance without text belong to the next utterance with text.
            del self._entries[number]
            if entry.preface and self._entries:
                following = next(iter(self._entries.values()))
                following.preface[:0] = entry.preface
