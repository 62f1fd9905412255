"""Which hypotheses are not what somebody said: endless repetitions, and text invented on noise.

The rule rejected all of 28 decodes of noise and none of 32 of speech where it was measured; voice activity detection
stands before it, one retry in a larger window after it.
"""

import zlib

from .engine import Hypothesis
from .windows import FINAL_TOKENS_PER_S, token_cap

MIN_AVG_LOGPROB = -1.0
"""OpenAI's own threshold for a failed decode (openai/whisper, transcribe.py)."""
MAX_COMPRESSION_RATIO = 2.4
"""Likewise: text that zlib makes this much smaller repeats itself."""
DOUBTFUL_AVG_LOGPROB = -0.7
"""Below this the model's no-speech probability is believed."""

# Credits that Whisper learnt from subtitles and writes on silence or music; nobody dictates them.
_CREDITS = (
    "sous-titr",
    "soustitr",
    "amara.org",
    "radio-canada",
    "merci d'avoir regardé",
    "merci d’avoir regardé",
    "abonnez-vous",
    "n'oubliez pas de vous abonner",
)
_LONGEST_CREDIT = 90
"""Characters; a longer text that holds such words is somebody's sentence."""


def rejection(hypothesis: Hypothesis, n_samples: int, no_speech_threshold: float) -> str | None:
    """Return why the text must not be shown, as a metric label, or None for a sound hypothesis."""
    if not any(char.isalnum() for char in hypothesis.text):
        return "empty"
    if reason := looping(hypothesis, n_samples):
        return reason
    if hypothesis.avg_logprob < MIN_AVG_LOGPROB:
        return "improbable"
    if hypothesis.no_speech_prob > no_speech_threshold and hypothesis.avg_logprob < DOUBTFUL_AVG_LOGPROB:
        return "no_speech"
    if len(hypothesis.text) <= _LONGEST_CREDIT and any(mark in hypothesis.text.casefold() for mark in _CREDITS):
        return "credits"
    return None


def looping(hypothesis: Hypothesis, n_samples: int) -> str | None:
    """Return why the text repeats itself, or None."""
    if hypothesis.n_tokens >= token_cap(n_samples, FINAL_TOKENS_PER_S) or hypothesis.hit_cap:
        return "too_long"
    if compression_ratio(hypothesis.text) > MAX_COMPRESSION_RATIO:
        return "repetitive"
    return None


def compression_ratio(text: str) -> float:
    """Return how many times smaller zlib makes the text (openai/whisper, utils.py)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
