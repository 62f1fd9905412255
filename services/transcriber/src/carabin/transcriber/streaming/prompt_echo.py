"""Whether a hypothesis is the prompt written again instead of what was spoken; pure.

Whisper reads its prompt as the text before this one, and where the audio says little it may write that text once more.
Somebody may also dictate words of the prompt: a suspected echo is worth a decode without the prompt, not a rejection.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

MIN_WORDS = 3
"""Shorter runs are what expected words are for."""
MIN_SHARE = 0.6
"""Of the hypothesis' words, in one run, from which on the hypothesis as a whole may be an echo."""
LONG_RUN = 6
"""So many words in a row are the prompt's own, whatever surrounds them."""


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
    if words and set(words) <= set(prompt):
        n_letters = sum(len(word) for word in words)
        if words == phrases[-1] or n_letters > LETTERS_PER_S * (speech_s + EARLY_S):
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


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
