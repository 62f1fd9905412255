"""What one session still has to send, in order; a client that reads slowly gets fewer partials and every final."""

import asyncio
from collections import deque
from dataclasses import dataclass

from ..core.events import (
    AudioAcknowledged,
    Event,
    Final,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionFailed,
    SessionWarning,
)
from ..formatting import CommandPiece, Formatter
from . import messages
from .hello import Hello
from .transcript import Segment, Transcript


@dataclass(frozen=True, slots=True)
class _Queued:
    """One message that waits for its turn."""

    text: str
    """Empty for a segments message, which is written only when it is its turn."""
    kept: bool = False
    """A client that comes back still needs it: nothing that it says when it resumes would bring it again."""


_TRANSCRIPT = _Queued("")


class OutgoingMessages:
    """Turns events into messages; `next()` gives them one by one, `segments` with what is newest then."""

    def __init__(self, hello: Hello, warnings: tuple[str, ...]) -> None:
        self.transcript = Transcript(Formatter(hello.format) if hello.format else None, hello.events)
        self.failed: str | None = None
        self.not_audio = False
        """The session failed by what its client sent."""
        self.acknowledged_s = 0.0
        self._final_s = 0.0
        """Where the newest final ends."""
        self._hello = hello
        self._queue: deque[_Queued] = deque()
        self._commands: list[tuple[int, str]] = []
        """Every `command` message of the session with its utterance, so that one that was lost can be sent again."""
        self._language: str | None = None
        self._unsent_finals = 0
        self._wake = asyncio.Event()
        self._closed = False
        self._reader = 0
        self._shown: str | None = None
        self._warnings = [messages.warning(hello.uid, sentence) for sentence in warnings]
        if hello.session.language is not None:
            self._warn()

    def add(self, event: Event) -> None:
        """Queue the messages that an event makes for this client."""
        uid, ours = self._hello.uid, self._hello.events
        match event:
            case Partial():
                self.transcript.partial(event)
                self._add_transcript()
            case Final():
                commands = self.transcript.final(event)
                self._unsent_finals += 1
                self._final_s = event.end_s
                self._add_transcript()
                if ours:
                    for command in commands:
                        self._add_command(event.utterance, command)
            case LanguageDetected():
                self._language = messages.language(uid, event.language, event.probability)
                self._add(self._language)
                self._warn()
            case AudioAcknowledged():
                self.acknowledged_s = event.audio_s
                if self.transcript.acknowledge(event.audio_s):
                    self._add_transcript()
                if ours:
                    self._add(messages.event(uid, "acknowledged", audio_s=round(event.audio_s, 3)))
            case FlushFinished() if ours:
                self._add(messages.event(uid, "flushed", audio_s=round(event.audio_s, 3)))
            case ModelChanged() if ours:
                self._add(messages.event(uid, "model", version=event.version, previous=event.previous), kept=True)
            case SessionWarning():
                self._warnings.append(messages.warning(uid, event.message, event.code))
                if self._hello.session.language is not None:
                    self._warn()
            case SessionFailed():
                self.failed, self.not_audio = event.reason, event.not_audio

    def resend_after(self, utterance: int, commands: int | None) -> None:
        """Queue what a client that came back has not: language, finals, commands, acknowledgement, and what never left.

        Args:
            utterance: the last one whose final it has.
            commands: how many command messages it has; None sends those of the finals that it lacks.
        """
        self._reader += 1
        self._unsent_finals = self.transcript.count_after(utterance)
        waiting = [message for message in self._queue if message.kept]
        self._queue.clear()
        if self._language is not None:
            self._add(self._language)
        self._queue.extend(waiting)
        if self._unsent_finals:
            self._add_transcript()
        for number, (spoken_in, message) in enumerate(self._commands):
            if spoken_in > utterance if commands is None else number >= commands:
                self._add(message)
        if self.acknowledged_s:
            self.add(AudioAcknowledged(self.acknowledged_s))

    def close(self) -> None:
        """Say that nothing more will be added.

        A final whose acknowledgement did not come any more is acknowledged: its client would have it written again.
        """
        if self._final_s > self.acknowledged_s:
            self.add(AudioAcknowledged(self._final_s))
        self._warn()
        self._closed = True
        self._wake.set()

    def attach(self) -> int:
        """Return a new reader's number; readers before it get nothing any more."""
        self._reader += 1
        self._wake.set()
        return self._reader

    async def next(self, reader: int) -> str | None:
        """Return the next message, or None after the last one or when another reader came."""
        while reader == self._reader:
            while self._queue:
                message = self._queue.popleft()
                if message is not _TRANSCRIPT:
                    return message.text
                segments = self._segments()
                if segments:
                    return messages.encode(self._hello.uid, segments=segments)
            if self._closed:
                return None
            self._wake.clear()
            await self._wake.wait()
            if reader != self._reader:
                self._wake.set()
        return None

    def _segments(self) -> list[Segment]:
        """Return what a segments message holds now.

        The published file client writes the last partial that it ever saw behind its transcript, unless that is the
        text of the last completed segment. So, for stock clients, a final that differs from the partial before it is
        shown once as a partial, and completed in the message after.
        """
        segments = self.transcript.segments(max(self._hello.send_last_n_segments, self._unsent_finals))
        if not segments:
            return []
        last = segments[-1]
        if last["completed"] and not self._hello.events and self._shown not in (None, last["text"]):
            self._shown = last["text"]
            self._queue.appendleft(_TRANSCRIPT)
            return [*segments[:-1], last | {"completed": False}]
        if not last["completed"]:
            self._shown = last["text"]
        self._unsent_finals = 0
        return segments

    def _add_transcript(self) -> None:
        if not (self._queue and self._queue[-1] is _TRANSCRIPT):
            self._queue.append(_TRANSCRIPT)
            self._wake.set()

    def _warn(self) -> None:
        """Queue the warnings: where the language is open, Chrome takes the second message for it, so they follow it."""
        for message in self._warnings:
            self._add(message, kept=True)
        self._warnings.clear()

    def _add_command(self, utterance: int, command: CommandPiece) -> None:
        message = messages.event(
            self._hello.uid,
            "command",
            utterance=utterance,
            name=command.name,
            argument=command.argument,
            said=command.said,
        )
        self._commands.append((utterance, message))
        self._add(message)

    def _add(self, message: str, *, kept: bool = False) -> None:
        self._queue.append(_Queued(message, kept))
        self._wake.set()
