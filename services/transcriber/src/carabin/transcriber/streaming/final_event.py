"""From an utterance and its hypothesis to the event that the client gets; pure."""

import math

from ..core.config import SAMPLE_RATE_HZ
from ..core.events import Final, Word
from ..inference.engine import Hypothesis
from .utterance import Utterance


def span(utterance: Utterance) -> tuple[float, float]:
    """Return start and end of an utterance in the session's seconds."""
    return utterance.start / SAMPLE_RATE_HZ, utterance.spoken_end / SAMPLE_RATE_HZ


def final_event(utterance: Utterance, hypothesis: Hypothesis, version: str) -> Final:
    """Return the final, with its word times on the session's own clock and inside the utterance."""
    start_s, end_s = span(utterance)
    words = tuple(
        Word(word.text, min(start_s + word.start_s, end_s), min(start_s + word.end_s, end_s), word.probability)
        for word in hypothesis.timed_words
    )
    return Final(
        utterance=utterance.number,
        start_s=start_s,
        end_s=end_s,
        text=hypothesis.text,
        words=words,
        confidence=math.exp(min(0.0, hypothesis.avg_logprob)),
        model_version=version,
        language=hypothesis.language,
        lexicon=hypothesis.lexicon,
        tokens=tuple(token for word in hypothesis.words for token in word.tokens),
        no_speech_prob=hypothesis.no_speech_prob,
    )
