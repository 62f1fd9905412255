"""What the voice of the tests says, and how much of it was written."""

import re
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

TRANSCRIPT = 0.6
"""Share of the spoken words that Whisper base recognises of a synthetic voice; the rest is the voice's fault."""


def spoken(sentence: str) -> np.ndarray:
    """Return a sentence as a French voice that needs no network says it: int16, 16 kHz."""
    return np.frombuffer(NanoTTS().speak(sentence, voice="fr-FR"), np.int16)


def share_recognised(written: Sequence[str], spoken: Sequence[str] = SENTENCES) -> float:
    """Return which share of the spoken words stands in the written ones, in order."""
    said = re.findall(r"\w+", " ".join(spoken).casefold().replace("douze sur huit", "12/8"))
    recognised = [word.casefold() for word in written]
    blocks = SequenceMatcher(None, said, recognised, False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(said)
