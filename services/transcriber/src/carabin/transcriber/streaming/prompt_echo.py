"""Whether a hypothesis is the prompt written again instead of what was spoken; pure.

Whisper reads its prompt as the text before this one, and where the audio says little it may write that text once more.
Somebody may also dictate words of the prompt: a suspected echo is worth a decode without the prompt, not a rejection.
Where that one is rejected, `was_spoken` decides.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ..inference.engine import Hypothesis
from .hallucinations import MIN_AVG_LOGPROB

MIN_WORDS = 3
"""Shorter runs are what expected words are for."""
MIN_SHARE = 0.6
"""Of the hypothesis' words, in one run, from which on the hypothesis as a whole may be an echo."""
LONG_RUN = 6
"""So many words in a row are the prompt's own, whatever surrounds them."""
SILENT_REASONS = frozenset({"empty", "credits"})
"""Why a decode is rejected that heard nobody: there is no text, or one that is written on silence or music."""

LETTERS_PER_S, EARLY_S = 22.0, 0.1
"""More letters than any speech holds, which is at 15 a second; voice activity detection may miss so much of it."""


def is_echo(text: str, expected: Sequence[str], initial_prompt: str, speech_s: float) -> bool:
    """Return whether the text holds a run of the prompt's words that is long, or most of it, or is nothing but words of
    the prompt: all of a short one, or more than can have been spoken.

    Args:
        expected: the expected words and phrases in the prompt, in order. A run inside a single one of them is what it
            is expected for, and no echo.
        initial_prompt: the text behind them.
        speech_s: seconds of speech in the audio.
    """
    words = _words(text)
    phrases = [_words(phrase) for phrase in (*expected, initial_prompt)]
    prompt = [word for phrase in phrases for word in phrase]
    if words and set(words) <= set(prompt) and (words == phrases[-1] or not _had_time(words, speech_s)):
        return True
    if len(words) < MIN_WORDS:
        return False
    of_phrase = [i for i, phrase in enumerate(phrases) for _ in phrase]
    run = SequenceMatcher(None, words, prompt, autojunk=False).find_longest_match()
    if run.size < MIN_WORDS:
        return False
    first, last = of_phrase[run.b], of_phrase[run.b + run.size - 1]
    if first == last < len(expected):
        return False
    return run.size >= LONG_RUN or run.size >= MIN_SHARE * len(words)


def was_spoken(
    echo: Hypothesis,
    retry: Hypothesis,
    initial_prompt: str,
    *,
    rejected_for: str,
    speech_s: float,
    no_speech_threshold: float,
) -> bool:
    """Return whether a suspected echo is what was dictated after all: expected words, which a decode without them did
    not understand. Onto noise the prompt is written too, but there the decode without it hears nobody; and whoever
    mumbles says expected words sooner than the sentences of the initial prompt.

    Args:
        echo: it passed the guards of every final.
        retry: what the decode without the prompt wrote.
        initial_prompt: the text behind the expected words.
        rejected_for: why that is rejected.
        speech_s: seconds of speech in the audio.
        no_speech_threshold: from which probability on either decode doubts that anybody spoke.
    """
    return (
        rejected_for not in SILENT_REASONS
        and max(echo.no_speech_prob, retry.no_speech_prob) <= no_speech_threshold
        and echo.avg_logprob >= MIN_AVG_LOGPROB
        and _had_time(_words(echo.text), speech_s)
        and not is_echo(echo.text, (), initial_prompt, speech_s)
    )


def _had_time(words: Sequence[str], speech_s: float) -> bool:
    return sum(len(word) for word in words) <= LETTERS_PER_S * (speech_s + EARLY_S)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
