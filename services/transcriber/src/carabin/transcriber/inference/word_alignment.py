"""From an alignment of tokens with frames to words with times; pure."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .engine import TimedWord

FRAME_S = 0.02
"""One encoder output frame."""
PUNCTUATION = tuple(".,;:!?…")
"""Marks that belong to the word before them, and take none of its time."""


def word_ends_s(
    alignments: Sequence[tuple[int, int]], lengths: Sequence[int], n_before: int
) -> tuple[float | None, ...]:
    """Return where each word ends in the audio, in seconds; None without an alignment.

    Args:
        alignments: a path of (token, frame) pairs, both rising from 0.
        lengths: how many tokens each word has.
        n_before: aligned tokens before the first word.
    """
    if not alignments:
        return (None,) * len(lengths)
    starts_s = _token_starts_s(alignments)
    return tuple(float(starts_s[min(n_before + stop, len(starts_s) - 1)]) for stop in np.cumsum(lengths, dtype=int))


def least_probabilities(probabilities: Sequence[float], lengths: Sequence[int], n_before: int) -> tuple[float, ...]:
    """Return the probability of each word's least likely token.

    Args:
        probabilities: the decoder's, one for each token.
        lengths: how many tokens each word has.
        n_before: tokens before the first word.
    """
    stops = n_before + np.cumsum(lengths, dtype=int)
    return tuple(
        float(min(probabilities[stop - length : stop], default=1.0))
        for stop, length in zip(stops, lengths, strict=True)
    )


def timed_words(
    alignments: Sequence[tuple[int, int]], probabilities: Sequence[float], words: Sequence[str], lengths: Sequence[int]
) -> tuple[TimedWord, ...]:
    """Return the words with their times in the audio, in seconds.

    Args:
        alignments: a path of (token, frame) pairs, both rising from 0.
        probabilities: the decoder's, one for each token.
        words: with Whisper's leading spaces.
        lengths: how many tokens each word has.
    """
    if not alignments:
        return ()
    starts_s = _token_starts_s(alignments)
    bounds = np.pad(np.cumsum(lengths), (1, 0))
    timed: list[TimedWord] = []
    for word, first, last in zip(words, bounds[:-1], bounds[1:], strict=True):
        if timed and word.strip() in PUNCTUATION:
            timed[-1] = replace(timed[-1], text=timed[-1].text + word)
            continue
        start_s, end_s = (float(starts_s[min(token, len(starts_s) - 1)]) for token in (first, last))
        probability = float(np.mean(probabilities[first:last] or 0.0))
        timed.append(TimedWord(word, start_s, max(start_s, end_s), probability))
    return tuple(timed)


def _token_starts_s(alignments: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return the time at which each token begins; the last one is the end mark's."""
    tokens, frames = np.array(alignments).T
    jumps = np.pad(np.diff(tokens), (1, 0), constant_values=1).astype(bool)
    return np.asarray(frames[jumps] * FRAME_S, np.float64)
