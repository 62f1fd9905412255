"""A microphone of the page itself, into which a test speaks a sentence at the moment that it chooses."""

import base64
import io
import wave
from typing import Any

from .pages import until
from .transcript import RATE_HZ, spoken

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
  source.start();
  await new Promise((resolve) => (source.onended = resolve));
};
"""


def say(page: Any, sentence: str, *, whole: bool = True) -> None:
    """Speak into the microphone of `MICROPHONE`; wait for the sentence's end where `whole`."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        audio.writeframes(spoken(sentence).tobytes())
    ends = "(wav) => say(wav)" if whole else "(wav) => void say(wav)"
    page.evaluate(ends, base64.b64encode(file.getvalue()).decode())


def until_written(page: Any, before: int) -> None:
    """Wait until more than so many sentences stand there, and no words are in progress."""
    count = "document.querySelectorAll('#report .unit').length"
    until(page, f"{count} > {before} && !document.querySelector('#report .partial')")
