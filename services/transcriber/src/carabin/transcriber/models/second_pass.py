"""The second decode of a final: lexicon words that sound like the first one's words as prompt, then a careful merge."""

from collections.abc import Callable, Collection, Sequence
from itertools import chain

from carabin.lexicon import Entry, FirstText
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
        self._known = KnownWords(lexicons)
        self._early: frozenset[str] = frozenset()
        """The entries of the early prompt; replaced as a whole, since another thread may read it."""
        self._first: tuple[tuple[str, ...], FirstText] | None = None
        """The newest lookup: the prompt and the merge ask for the same one."""

    def candidates(self, first: Hypothesis) -> list[Entry]:
        """Return the entries that sound like the text or like what the beam search found beside it, best first."""
        return self._read(first).candidates

    def early_prompt(self, draft: str) -> tuple[int, ...]:
        """Return the prompt of a second decode beside the first, of what sounds like a draft of its text.

        It is empty where no entry could stand for any word of the draft. May run on another thread than the rest.
        """
        entries = self._look_up((draft,))
        if not self._is_worth_it(FirstText(draft, entries, self._known)):
            return ()
        tokens = self._prompt([entry.text for entry in entries])
        self._early = frozenset(entry.text for entry in entries)
        return tokens

    def prompt(self, first: Hypothesis) -> tuple[int, ...]:
        """Return the prompt of the second decode.

        It is empty where no entry could stand for any word of the text or where those that could are sure to, so that
        `merged` puts them in; and where the first decode was given them all.
        """
        read = self._read(first)
        return self._prompt([entry.text for entry in read.candidates]) if self._is_worth_it(read) else ()

    def is_early(self, first: Hypothesis) -> bool:
        """Say whether the early prompt held, for every word in doubt, what sounds most like it."""
        return self._early.issuperset(entry.text for entry in self._read(first).likeliest)

    def merged(self, first: Hypothesis, second: Hypothesis | None) -> MergedText:
        """Return the first text with the lexicon words that may replace what it wrote; None: no second decode."""
        found = self._read(first).merged(second.text if second else None)
        return MergedText(found.text, tuple(each.entry.text for each in found.replacements))

    def _is_worth_it(self, read: FirstText) -> bool:
        return read.needs_second_decode and not all(entry.text in self._expected for entry in read.candidates)

    def _read(self, first: Hypothesis) -> FirstText:
        """Return the text with the entries that sound like it or like what the beam search found beside it."""
        texts = (first.text, *first.alternatives)
        if self._first is None or self._first[0] != texts:
            self._first = texts, FirstText(first.text, self._look_up(texts), self._known)
        return self._first[1]

    def _look_up(self, texts: Sequence[str]) -> list[Entry]:
        best: dict[str, Candidate] = {}
        words = [[word.text for word in split_words(text)] for text in dict.fromkeys(texts)]
        of_lexicons = [lexicon.index.candidates_of(words) for lexicon in self._lexicons]
        for of_text in zip(*of_lexicons, strict=True):
            for found in chain.from_iterable(of_text):
                known = best.get(found.entry.text)
                if known is None or found.similarity > known.similarity:
                    best[found.entry.text] = found
        ranked = sorted(best.values(), key=lambda found: -found.similarity)
        return [found.entry for found in ranked[:MAX_CANDIDATES]]
