"""From the server's messages to events: pure; what a server repeats is an event once."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import BadServerMessage, ServerBusy, ServerDraining, ServerNotReady, ServerRefused
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
    Warned,
)

_TIE_S = 0.0005
"""Times have three decimals: what is nearer is the same time."""


class Reader:
    """Reads the messages of one dictation, over as many sessions as it takes."""

    def __init__(self) -> None:
        self.last_utterance = -1
        """The last one whose final was read, as this dictation counts them."""
        self.session_commands = 0
        """How many commands of the server's session were read."""
        self._language: str | None = None
        self._base_utterance = 0
        self._base_s = 0.0
        self._last_end_s = 0.0

    def begin_session(self, offset_s: float) -> None:
        """A new session of the server goes on with this dictation from this time on."""
        self._base_s = offset_s
        self._base_utterance = self.last_utterance + 1
        self._last_end_s = offset_s
        self.session_commands = 0

    @property
    def session_utterance(self) -> int:
        """The last utterance that was read, as the server's session counts them."""
        return self.last_utterance - self._base_utterance

    def read(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the events of a message.

        Raises:
            ServerBusy, ServerRefused
            BadServerMessage: a field is missing or of another type.
        """
        try:
            yield from self._read(message)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadServerMessage("the server sent a message whose fields cannot be read") from error

    def _read(self, message: Mapping[str, Any]) -> Iterator[Event]:
        if "segments" in message:
            yield from self._segments(message["segments"])
        elif "status" in message:
            yield from _status(message)
        elif message.get("message") == "SERVER_READY":
            yield Ready(message.get("model"), message.get("model_version"), message.get("session"))
        elif "language" in message:
            if message["language"] != self._language:
                self._language = str(message["language"])
                yield DetectedLanguage(self._language, float(message.get("language_prob", 0.0)))
        elif "event" in message:
            yield from self._event(message)

    def _segments(self, segments: list[Mapping[str, Any]]) -> Iterator[Event]:
        for segment in segments:
            if segment.get("completed"):
                final = self._final(segment)
                if final is not None:
                    yield final
            else:
                yield self._partial(segment)

    def _final(self, segment: Mapping[str, Any]) -> FinalText | None:
        """Return the final of a completed segment, or None when it was read before."""
        start_s, end_s = self._base_s + float(segment["start"]), self._base_s + float(segment["end"])
        numbered = segment.get("utterance")
        # A WhisperLive server numbers nothing: there a segment is new when it begins after the last one's end.
        number = self.last_utterance + 1 if numbered is None else self._base_utterance + int(numbered)
        if number <= self.last_utterance or (numbered is None and start_s < self._last_end_s - _TIE_S):
            return None
        self.last_utterance, self._last_end_s = number, end_s
        return FinalText(
            utterance=number,
            start_s=start_s,
            end_s=end_s,
            text=segment["text"],
            formatted=segment.get("formatted"),
            confidence=segment.get("confidence"),
            model_version=segment.get("model_version"),
            words=tuple(segment.get("words", ())),
            lexicon=tuple(segment.get("lexicon", ())),
        )

    def _partial(self, segment: Mapping[str, Any]) -> PartialText:
        settled = segment.get("formatted_settled")
        return PartialText(
            start_s=self._base_s + float(segment["start"]),
            end_s=self._base_s + float(segment["end"]),
            text=segment["text"],
            stable=int(segment.get("stable", 0)),
            formatted=segment.get("formatted"),
            formatted_settled=None if settled is None else int(settled),
            model_version=segment.get("model_version"),
        )

    def _event(self, message: Mapping[str, Any]) -> Iterator[Event]:
        match message["event"]:
            case "acknowledged":
                yield Acknowledged(self._base_s + float(message["audio_s"]))
            case "flushed":
                yield Flushed(self._base_s + float(message["audio_s"]))
            case "model":
                yield ModelSwitched(message["version"], message.get("previous"))
            case "command":
                number = self._base_utterance + int(message["utterance"])
                self.session_commands += 1
                yield Command(number, message["name"], message.get("argument", ""))


def parse_message(text: str | bytes) -> dict[str, Any]:
    """Return one message of a server.

    Raises:
        BadServerMessage: it is no JSON object.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadServerMessage("the server sent a message that is not JSON: is it a dictation server?") from error
    if not isinstance(message, dict):
        raise BadServerMessage("the server sent a message that is no JSON object")
    return message


def _status(message: Mapping[str, Any]) -> Iterator[Event]:
    match message["status"]:
        case "WAIT":
            raise ServerBusy(float(message["message"]) * 60)
        case "ERROR" if message.get("code") == "draining":
            raise ServerDraining(str(message["message"]))
        case "ERROR" if message.get("code") == "not_ready":
            raise ServerNotReady(str(message["message"]))
        case "ERROR":
            raise ServerRefused(str(message["message"]))
        case _:
            yield Warned(str(message["message"]))
