"""The second decode of a final: lexicon words that sound like the first one's words as prompt, then a careful merge."""

from collections.abc import Callable, Collection, Sequence
from itertools import chain

from carabin.lexicon import Entry, merge, needs_second_decode
from carabin.lexicon.index import MAX_CANDIDATES, Candidate
from carabin.lexicon.words import split_words

from ..inference.engine import Hypothesis, MergedText
from .lexicons import KnownWords, LoadedLexicon


class LexiconPass:
    """One final's second decode; made for each request, so that a lexicon promoted in between is used from the next on.

    Args:
        lexicons: what is loaded now for the session: the model's, those of what it named, its speaker's.
        prompt: returns the tokens of the session's expected words with those of the lexicon after them.
        expected: entries that stood in the first decode's prompt already.
    """

    def __init__(
        self,
        lexicons: Sequence[LoadedLexicon],
        prompt: Callable[[Sequence[str]], tuple[int, ...]],
        expected: Collection[str] = (),
    ) -> None:
        self._expected = expected
        self._lexicons = lexicons
        self._prompt = prompt
        self._found: tuple[tuple[str, ...], list[Entry]] | None = None
        """The newest lookup: the prompt and the merge ask for the same one."""

    def prompt(self, first: Hypothesis) -> tuple[int, ...]:
        """Return the prompt of the second decode.

        It is empty where no entry could stand for any word of the text or where those that could are sure to, so that
        `merged` puts them in; and where the first decode was given them all.
        """
        entries = self._candidates(first)
        if all(entry.text in self._expected for entry in entries):
            return ()
        if not needs_second_decode(first.text, entries, KnownWords(self._lexicons)):
            return ()
        return self._prompt([entry.text for entry in entries])

    def merged(self, first: Hypothesis, second: Hypothesis | None) -> MergedText:
        """Return the first text with the lexicon words that may replace what it wrote; None: no second decode."""
        found = merge(first.text, second.text if second else None, self._candidates(first), KnownWords(self._lexicons))
        return MergedText(found.text, tuple(each.entry.text for each in found.replacements))

    def _candidates(self, first: Hypothesis) -> list[Entry]:
        """Return the entries that sound like the text or like what the beam search found beside it."""
        texts = (first.text, *first.alternatives)
        if self._found is None or self._found[0] != texts:
            self._found = texts, [found.entry for found in self._look_up(texts)]
        return self._found[1]

    def _look_up(self, texts: Sequence[str]) -> list[Candidate]:
        best: dict[str, Candidate] = {}
        words = [[word.text for word in split_words(text)] for text in dict.fromkeys(texts)]
        of_lexicons = [lexicon.index.candidates_of(words) for lexicon in self._lexicons]
        for of_text in zip(*of_lexicons, strict=True):
            for found in chain.from_iterable(of_text):
                known = best.get(found.entry.text)
                if known is None or found.similarity > known.similarity:
                    best[found.entry.text] = found
        return sorted(best.values(), key=lambda found: -found.similarity)[:MAX_CANDIDATES]
