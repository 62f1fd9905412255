"""What the voice of the tests says, and how much of it was written."""

import functools
import io
import re
import wave
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from py_nanotts import NanoTTS

RATE_HZ = 16_000

SENTENCES = (
    "Le patient présente une douleur thoracique depuis ce matin.",
    "La tension est à douze sur huit.",
    "Pas de fièvre, le patient est stable.",
)

WITHOUT_PAUSE = (
    "Le patient présente une douleur thoracique depuis ce matin et la tension est à douze sur huit "
    "et pas de fièvre et le patient est stable."
)
"""One utterance of several seconds: there is time to do something while its words are in progress."""

TRANSCRIPT = 0.6
"""Share of the spoken words that Whisper base recognises of a synthetic voice; the rest is the voice's fault."""


@functools.cache
def spoken(sentence: str, speed: float = 1.0, pitch: float = 1.0) -> np.ndarray:
    """Return a sentence as a French voice that needs no network says it: int16, 16 kHz."""
    return np.frombuffer(NanoTTS().speak(sentence, voice="fr-FR", speed=speed, pitch=pitch), np.int16)


def as_wav(samples: np.ndarray) -> bytes:
    """Return int16 samples at 16 kHz as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        audio.writeframes(samples.tobytes())
    return file.getvalue()


def share_recognised(written: Sequence[str], spoken: Sequence[str] = SENTENCES) -> float:
    """Return which share of the spoken words stands in the written ones, in order."""
    said = re.findall(r"\w+", " ".join(spoken).casefold().replace("douze sur huit", "12/8"))
    recognised = [word.casefold() for word in written]
    blocks = SequenceMatcher(None, said, recognised, False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(said)
