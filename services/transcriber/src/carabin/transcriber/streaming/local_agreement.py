"""Which words of a running hypothesis will not change any more.

LocalAgreement-2 (Liu, Spanakis and Niehues 2020; Macháček, Dabre and Bojar 2023): a word is stable when two
successive hypotheses agree on it and on all before it. Here each hypothesis is decoded with the stable words forced,
so it covers only what follows them, and stable words cannot change.
"""

from collections.abc import Iterable, Sequence

from ..inference.engine import TokenWord

_PUNCTUATION = ".,;:!?…«»\"'’-–—()"
_SENTENCE_END = ".,;:!?…"


class LocalAgreement:
    """The stable words and the tail of one utterance."""

    def __init__(self) -> None:
        self._stable: list[TokenWord] = []
        self._tail: tuple[TokenWord, ...] = ()

    @property
    def stable(self) -> str:
        return _join(self._stable)

    @property
    def tail(self) -> str:
        return _join(self._tail)

    @property
    def prefix(self) -> tuple[int, ...]:
        """The stable words' tokens, to be forced at the start of the next hypothesis."""
        return tuple(token for word in self._stable for token in word.tokens)

    def update(self, words: Sequence[TokenWord]) -> None:
        """Take the words that the newest hypothesis, decoded after `prefix`, puts behind the stable ones."""
        agreed = _agreed(self._tail, words)
        self._stable.extend(words[:agreed])
        self._tail = tuple(words[agreed:])


def _agreed(before: Sequence[TokenWord], now: Sequence[TokenWord]) -> int:
    """Count the leading words that both hypotheses hold, whatever their punctuation."""
    n = 0
    for old, new in zip(before, now, strict=False):
        if _bare(old.text) != _bare(new.text):
            break
        n += 1
    # Whisper closes every hypothesis with a full stop: at the end it means that the audio stopped, not the sentence.
    if n and n == len(now) and now[-1].text.endswith(tuple(_SENTENCE_END)):
        n -= 1
    return n


def _bare(word: str) -> str:
    return word.strip().strip(_PUNCTUATION).casefold()


def _join(words: Iterable[TokenWord]) -> str:
    return "".join(word.text for word in words)
