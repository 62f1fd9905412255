"""Which hypotheses are not speech: endless repetitions, and text invented on noise.

Voice activity detection stands before this, one retry in a larger window behind it. Measured with a stock Whisper
base: noise that passes no VAD is decoded at -1.25 and less with a no-speech probability of 0.49 and more; faint speech
at -1.26 and more, with 0.2 and less. Improbable text is therefore rejected only where the model doubts the speech
itself, or is far below any speech: a word of a clinician must not vanish because it was spoken softly.
"""

import re

from carabin.registry.serving_window import MAX_COMPRESSION_RATIO, compression_ratio, frames_in, token_cap

from ..inference.engine import Hypothesis

MIN_AVG_LOGPROB = -1.0
"""OpenAI's own threshold for a failed decode (openai/whisper, transcribe.py)."""
HOPELESS_AVG_LOGPROB = -1.5
"""Below any speech that was measured, whatever the no-speech probability."""

MIN_DOUBLED_WORDS = 2
"""One word repeated is normal speech."""

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


def rejection_reason(hypothesis: Hypothesis, n_samples: int, no_speech_threshold: float) -> str | None:
    """Return why the text must not be shown, as a metric label, or None for a sound hypothesis."""
    if not any(char.isalnum() for char in hypothesis.text):
        return "empty"
    if reason := repetition_reason(hypothesis, n_samples):
        return reason
    if hypothesis.avg_logprob < HOPELESS_AVG_LOGPROB:
        return "improbable"
    if hypothesis.avg_logprob < MIN_AVG_LOGPROB and hypothesis.no_speech_prob > no_speech_threshold:
        return "no_speech"
    if len(hypothesis.text) <= _LONGEST_CREDIT and any(mark in hypothesis.text.casefold() for mark in _CREDITS):
        return "credits"
    return None


def repetition_reason(hypothesis: Hypothesis, n_samples: int) -> str | None:
    """Return why the text repeats itself, or None."""
    if hypothesis.n_tokens >= token_cap(frames_in(n_samples)) or hypothesis.hit_cap:
        return "too_long"
    if compression_ratio(hypothesis.text) > MAX_COMPRESSION_RATIO:
        return "repetitive"
    return None


def is_duplicated(text: str) -> bool:
    """Return whether the text is two or more words written twice over, as a window that fits too tightly makes of one.

    A speaker may mean it: the text is worth another decode, not to be dropped.
    """
    words = re.findall(r"\w+", text.casefold())
    half = len(words) // 2
    return half >= MIN_DOUBLED_WORDS and words[:half] == words[half:]
