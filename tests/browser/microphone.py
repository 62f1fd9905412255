"""Speaks into a page's microphone when a test wants it, and follows what travels between the page and the service."""

import base64
import json
from typing import Any

import numpy as np

from .pages import WAIT_MS, Open, start, until
from .transcript import WITHOUT_PAUSE, as_wav, spoken

MICROPHONE = """
const voice = new AudioContext();
let room;
navigator.mediaDevices.getUserMedia = async () => {
  room = voice.createMediaStreamDestination();
  return room.stream;
};
window.say = async (wav) => {
  await voice.resume();
  const source = voice.createBufferSource();
  source.buffer = await voice.decodeAudioData(Uint8Array.from(atob(wav), (sign) => sign.charCodeAt(0)).buffer);
  source.connect(room);
  window.speaking = true;
  source.start();
  await new Promise((resolve) => (source.onended = resolve));
  window.speaking = false;
};
"""
"""A script for a page whose microphone records what `say` plays, and silence else."""


def play(page: Any, samples: np.ndarray, *, whole: bool = True) -> None:
    """Play int16 samples at 16 kHz into the microphone of `MICROPHONE`; wait for their end where `whole`."""
    ends = "(wav) => say(wav)" if whole else "(wav) => void say(wav)"
    page.evaluate(ends, base64.b64encode(as_wav(samples)).decode())


def say(page: Any, sentence: str, *, whole: bool = True) -> None:
    """Speak into the microphone of `MICROPHONE`; wait for the sentence's end where `whole`."""
    play(page, spoken(sentence), whole=whole)


def begin(page: Any, sentence: str = WITHOUT_PAUSE) -> None:
    """Speak, and wait until the first words are in progress; the rest is said meanwhile."""
    say(page, sentence, whole=False)
    page.wait_for_selector("#report .partial", state="attached", timeout=WAIT_MS)


def until_written(page: Any, before: int) -> None:
    """Wait until nobody speaks, more than so many sentences stand there, and no words are in progress."""
    count = "document.querySelectorAll('#report .unit').length"
    until(page, f"!window.speaking && {count} > {before} && !document.querySelector('#report .partial')")


def dictate(page: Any, sentence: str) -> None:
    """Speak a sentence, and wait until it is written."""
    before = page.locator("#report .unit").count()
    say(page, sentence)
    until_written(page, before)


class Messages:
    """The JSON messages of a page's WebSockets, both ways, from now on."""

    def __init__(self, page: Any) -> None:
        self.connections = 0
        self.sent: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        page.on("websocket", self._watch)

    @property
    def greetings(self) -> list[dict[str, Any]]:
        """What the page asked for at the beginning of each connection."""
        return [message for message in self.sent if "audio_format" in message]

    @property
    def finals(self) -> list[dict[str, Any]]:
        """Each utterance's segment that changes no more, once, with its `text` and what is `formatted` of it."""
        finals: dict[tuple[str, int], dict[str, Any]] = {}
        for message in self.received:
            for segment in message.get("segments", []):
                if segment["completed"]:
                    finals.setdefault((message["uid"], segment["utterance"]), segment)
        return list(finals.values())

    def events(self, name: str) -> list[dict[str, Any]]:
        """The service's events of one name."""
        return [message for message in self.received if message.get("event") == name]

    def _watch(self, socket: Any) -> None:
        self.connections += 1
        socket.on("framesent", lambda payload: _note(self.sent, payload))
        socket.on("framereceived", lambda payload: _note(self.received, payload))


def open_and_dictate(open_page: Open, sentence: str) -> tuple[Any, Messages]:
    """Open a page, start its session and dictate a sentence; return the page and its messages."""
    page = open_page(MICROPHONE)
    messages = Messages(page)
    start(page)
    dictate(page, sentence)
    return page, messages


def _note(messages: list[dict[str, Any]], payload: str | bytes) -> None:
    if isinstance(payload, str) and payload.startswith("{"):
        messages.append(json.loads(payload))
