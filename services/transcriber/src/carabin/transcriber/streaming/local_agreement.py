"""Which words of a running hypothesis will not change any more.

LocalAgreement-2 (Liu, Spanakis and Niehues 2020; Macháček, Dabre and Bojar 2023): a word is stable when two
successive hypotheses agree on it and on all before it. Here each hypothesis is decoded with the stable words forced,
so it covers only what follows them, and stable words cannot change.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..inference.engine import TokenWord

_PUNCTUATION = ".,;:!?…«»\"'’-–—()"
_SENTENCE_END = ".,;:!?…"
_SENTENCE_MARKS = (".", "!", "?", "…")
CERTAIN = 0.6
"""A word with a less likely token than this is uncertain."""
UNCERTAIN_S = 0.5
"""By so much earlier an uncertain word must end to be shown: it is the one that more audio turns into another.
Both were measured: docs/decisions/continuous-dictation.md."""
ALIGNMENT_ERROR_S = 0.12
"""By so much a word's end may be timed late: the attention that times it is smoothed over seven frames of 20 ms."""


class LocalAgreement:
    """The stable words and the tail of one utterance."""

    def __init__(self) -> None:
        self._stable: list[TokenWord] = []
        self._tail: tuple[TokenWord, ...] = ()

    @property
    def stable(self) -> str:
        """The words that change no more."""
        return _join(self._stable)

    @property
    def tail(self) -> str:
        """The words behind the stable ones, as the newest hypothesis has them."""
        return _join(self._tail)

    @property
    def prefix(self) -> tuple[int, ...]:
        """The stable words' tokens, to be forced at the start of the next hypothesis."""
        return tuple(token for word in self._stable for token in word.tokens)

    def update(self, words: Sequence[TokenWord], until_s: float = math.inf) -> None:
        """Take the words that the newest hypothesis, decoded after `prefix`, puts behind the stable ones.

        Words that end after `until_s` are withheld, and uncertain ones that end little before it: more audio often
        turns them into others. What is on the screen already, and was found again, stays. The first words are shown
        however uncertain: an empty screen is worse than one that changes.
        """
        first = not self._stable and not self._tail
        n_sure = next((i for i, word in enumerate(words) if _is_early(word, until_s, first)), len(words))
        n_shown = max(n_sure, _common(self._tail, words))
        agreed = min(n_shown, _agreed(self._tail, words))
        self._stable.extend(words[:agreed])
        self._tail = tuple(words[agreed:n_shown])

    def sentence_end_s(self) -> float | None:
        """Return where the last sentence ends, in seconds, that is stable and has a stable word behind it."""
        for word, following in zip(reversed(self._stable[:-1]), reversed(self._stable[1:]), strict=True):
            if word.text.rstrip().endswith(_SENTENCE_MARKS) and following.text.strip():
                return word.end_s
        return None

    def word_ends_s(self) -> list[float]:
        """Return where each word ends that was aligned with the audio, in seconds."""
        return [word.end_s for word in (*self._stable, *self._tail) if word.end_s is not None]

    def split(self, at_s: float) -> "LocalAgreement":
        """Move the words behind `at_s` seconds into a new agreement, on its own clock; words without a time stay."""
        rest = LocalAgreement()
        n_stable, n_tail = _ending_by(self._stable, at_s), _ending_by(self._tail, at_s)
        if n_stable < len(self._stable):
            n_tail = 0
        rest._stable = [_shifted(word, at_s) for word in self._stable[n_stable:]]
        rest._tail = tuple(_shifted(word, at_s) for word in self._tail[n_tail:])
        self._stable, self._tail = self._stable[:n_stable], self._tail[:n_tail]
        return rest


def _is_early(word: TokenWord, until_s: float, first: bool) -> bool:
    """Say whether more audio may turn this word into another; one without a time is not known to be so near."""
    shown_until_s = until_s - UNCERTAIN_S if word.probability < CERTAIN and not first else until_s
    return word.end_s is not None and word.end_s > shown_until_s


def _ending_by(words: Sequence[TokenWord], at_s: float) -> int:
    """Count the leading words that end by `at_s`; each is allowed the alignment's error."""
    return next(
        (i for i, w in enumerate(words) if w.end_s is not None and w.end_s > at_s + ALIGNMENT_ERROR_S), len(words)
    )


def _shifted(word: TokenWord, by_s: float) -> TokenWord:
    return word if word.end_s is None else replace(word, end_s=max(0.0, word.end_s - by_s))


def _common(before: Sequence[TokenWord], now: Sequence[TokenWord]) -> int:
    """Count the leading words that are equal, whatever their punctuation."""
    pairs = enumerate(zip(before, now, strict=False))
    return next((i for i, (old, new) in pairs if _bare(old.text) != _bare(new.text)), min(len(before), len(now)))


def _agreed(before: Sequence[TokenWord], now: Sequence[TokenWord]) -> int:
    """Count the leading words that both hypotheses hold, whatever their punctuation."""
    n = _common(before, now)
    # Whisper closes every hypothesis with a full stop: at the end it means that the audio stopped, not the sentence.
    if n and n == len(now) and now[-1].text.endswith(tuple(_SENTENCE_END)):
        n -= 1
    return n


def _bare(word: str) -> str:
    return word.strip().strip(_PUNCTUATION).casefold()


def _join(words: Iterable[TokenWord]) -> str:
    return "".join(word.text for word in words)
