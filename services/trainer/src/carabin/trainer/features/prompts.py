"""Words in the prompt of a training example: some of them spoken, most not (B-Whisper, arXiv 2502.11572)."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

RARE_SHARE: Final = 0.02
"""A word that more of the sentences hold needs no prompt."""
MIN_LETTERS: Final = 5
MAX_WORDS: Final = 12
"""Of one prompt: the transcriber's second decode gives up to 16."""
SPOKEN_SHARE: Final = 0.5
"""Of the prompts hold a word that is spoken; in the others none is, so that the model learns not to write them all."""

_WORD: Final = re.compile(rf"[^\W\d_][\w-]{{{MIN_LETTERS - 1},}}")


class PromptWords:
    """Draws the words of prompts from the rare words of the training sentences."""

    def __init__(self, sentences: Sequence[str]) -> None:
        counts = Counter(word for sentence in sentences for word in set(_words(sentence)))
        most = max(1, int(RARE_SHARE * len(sentences)))
        self._rare = sorted(word for word, count in counts.items() if count <= most)
        self._known = frozenset(self._rare)

    def draw(self, sentence: str, rng: np.random.Generator) -> tuple[str, ...]:
        """Return words for this sentence's prompt, in a random order; none where the sentences have no rare word."""
        said = [word for word in dict.fromkeys(_words(sentence)) if word in self._known]
        others = rng.choice(len(self._rare), min(MAX_WORDS, len(self._rare)), replace=False)
        words = [self._rare[place] for place in others[: int(rng.integers(1, MAX_WORDS + 1))]]
        words = [word for word in words if word not in said]
        if said and rng.random() < SPOKEN_SHARE:
            kept = rng.permutation(len(said))[: int(rng.integers(1, len(said) + 1))]
            words = [*words[: MAX_WORDS - len(kept)], *(said[place] for place in kept)]
        return tuple(words[place] for place in rng.permutation(len(words)))


def _words(sentence: str) -> list[str]:
    return [word.lower() if word.istitle() else word for word in _WORD.findall(sentence)]
