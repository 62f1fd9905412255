"""The prompt that a session's expected words and initial prompt add up to.

Whisper reads its prompt as the text before this one. The words come first and the initial prompt last, because the
nearest text counts most; what does not fit is cut, whole words at a time, and counted. All of it is a client's text:
the engine encodes it so that no token in it can control the decoder.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ..core.config import SessionConfig
from ..core.errors import UnknownVocabulary
from ..inference.engine import Engine, SecondPass
from .lexicons import Lexicons
from .second_pass import LexiconPass

MAX_PROMPT_TOKENS = 112
"""Half of what Whisper reads: longer prompts cost time in every decode and drown the audio."""
PROMPT_STEPS = (16, 32, 48, 64, 80, 96, MAX_PROMPT_TOKENS)
"""Prompts are filled up to these lengths with end-of-text tokens, so that sessions with different ones can share a
batch. That filler costs nothing: measured 21.9 % word error rate against 21.7 % without, other tokens 23 to 288 %."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is in a prompt, and what had to go."""

    tokens: tuple[int, ...] = ()
    expected: tuple[str, ...] = ()
    """The expected words and phrases in it, the last one perhaps cut."""
    initial_prompt: str = ""
    """The end of the initial prompt that is in it."""
    cut_expected_words: int = 0
    """Words of the expected words and phrases that did not fit; there are no more than those of the session's lists."""
    cut_initial_words: int = 0
    """Words at the beginning of the initial prompt that did not fit."""
    cut_tokens: int = 0
    """What both would have taken."""
    second_pass: Callable[[], SecondPass | None] = lambda: None
    """Returns the second decode of a final with the lexicon that is loaded at that moment."""

    @property
    def warning(self) -> str | None:
        """One sentence with figures where something was cut; it holds none of the words."""
        parts = []
        if self.cut_expected_words:
            kept = sum(len(phrase.split()) for phrase in self.expected)
            parts.append(f"{self.cut_expected_words} of {kept + self.cut_expected_words} expected words")
        if self.cut_initial_words:
            total = len(self.initial_prompt.split()) + self.cut_initial_words
            parts.append(f"the first {self.cut_initial_words} of the {total} words of the initial prompt")
        if not parts:
            return None
        return f"the prompt holds {MAX_PROMPT_TOKENS} tokens: {' and '.join(parts)} did not fit and are not used"


def build_prompt(engine: Engine, words: Sequence[str], initial_prompt: str | None) -> Prompt:
    """Encode, cut and fill up a session's prompt.

    Args:
        words: expected words and phrases, the most important first; what does not fit is cut from the end, a phrase
            that fits in part keeps its first words.
        initial_prompt: its end is kept when it is too long itself.
    """
    initial, initial_tokens, cut_initial = _fit_end((initial_prompt or "").split(), engine)
    room = MAX_PROMPT_TOKENS - len(initial_tokens)
    phrases = [phrase for phrase in dict.fromkeys(" ".join(word.split()) for word in words) if phrase]
    kept, kept_tokens = _fit_start(phrases, engine, room)
    n_kept = sum(len(phrase.split()) for phrase in kept)
    cut_expected = [word for phrase in phrases for word in phrase.split()][n_kept:]
    cut_words = (*cut_expected, *(initial_prompt or "").split()[:cut_initial])
    cut_tokens = len(engine.encode_text(" " + " ".join(cut_words))) if cut_words else 0
    tokens = (*kept_tokens, *initial_tokens)
    if tokens:
        length = next(step for step in PROMPT_STEPS if step >= len(tokens))
        tokens = (*(engine.end_of_text,) * (length - len(tokens)), *tokens)
    return Prompt(tokens, tuple(kept), initial, len(cut_expected), cut_initial, cut_tokens)


def _fit_start(phrases: Sequence[str], engine: Engine, room: int) -> tuple[list[str], list[int]]:
    """Return the phrases that fit, from the first on, and their tokens; the last one may be cut at a word."""
    kept: list[str] = []
    tokens: list[int] = []
    for phrase in phrases:
        words = phrase.split()
        separator = "," if kept else ""

        def encoded(n: int, words: list[str] = words, separator: str = separator) -> tuple[int, ...]:
            return engine.encode_text(f"{separator} {' '.join(words[:n])}")

        left = room - len(tokens)
        n = len(words)
        if len(encoded(n)) > left:
            n = bisect_left(range(1, n + 1), True, key=lambda n: len(encoded(n)) > left)
        if n:
            kept.append(" ".join(words[:n]))
            tokens.extend(encoded(n))
        if n < len(words):
            break
    return kept, tokens


def _fit_end(words: list[str], engine: Engine) -> tuple[str, tuple[int, ...], int]:
    """Return the longest end of the words that fits into a prompt, its tokens, and how many words go before it."""

    def encoded(first: int) -> tuple[int, ...]:
        return engine.encode_text(" " + " ".join(words[first:])) if first < len(words) else ()

    first = bisect_left(range(len(words)), True, key=lambda first: len(encoded(first)) <= MAX_PROMPT_TOKENS)
    return " ".join(words[first:]), encoded(first), first


def expected_words(
    config: SessionConfig, vocabularies: Mapping[str, tuple[str, ...]], specialties: Collection[str] = ()
) -> list[str]:
    """Return the session's own hotwords, then its vocabularies' words.

    Args:
        config: the session's hotwords, and the names of its vocabularies.
        vocabularies: the words of each vocabulary, by its name.
        specialties: names that a session may give as well: those of specialties' lexicons.

    Raises:
        UnknownVocabulary: a named one is not there.
    """
    words = config.hotword_list
    for name in config.vocabularies:
        if name not in vocabularies and name not in specialties:
            raise UnknownVocabulary(name, tuple(sorted({*vocabularies, *specialties})))
        words.extend(vocabularies.get(name, ()))
    return words


class SessionPrompts:
    """One session's prompt, for whichever model its next utterance is decoded with."""

    def __init__(
        self,
        config: SessionConfig,
        lexicons: Lexicons,
        identity: str | None = None,
    ) -> None:
        self._lexicons = lexicons if config.task == "transcribe" and config.language in (None, "fr") else None
        self._identity = identity
        self._named = config.vocabularies
        self._words = expected_words(config, lexicons.vocabularies(), lexicons.specialties())
        self._initial_prompt = config.initial_prompt
        self._newest: tuple[str, Prompt] | None = None

    def of(self, engine: Engine, version: str) -> Prompt:
        """Return the prompt in the tokens of this version's engine."""
        if self._newest is None or self._newest[0] != version:
            prompt = build_prompt(engine, self._words, self._initial_prompt)
            expected = frozenset(prompt.expected)
            self._newest = version, replace(prompt, second_pass=lambda: self.second_pass(engine, expected))
        return self._newest[1]

    def second_pass(self, engine: Engine, expected: Collection[str] = ()) -> SecondPass | None:
        """Return the second decode with the lexicons that are loaded now; the session's own words come first in it.

        Args:
            engine: whose tokens its prompt is made of.
            expected: the words of the first decode's prompt, for which no second decode is worth it.
        """
        loaded = self._lexicons.of_session(self._named, self._identity) if self._lexicons is not None else []
        if not loaded:
            return None

        def tokens(texts: Sequence[str]) -> tuple[int, ...]:
            return build_prompt(engine, [*self._words, *texts], self._initial_prompt).tokens

        return LexiconPass(loaded, tokens, expected)
