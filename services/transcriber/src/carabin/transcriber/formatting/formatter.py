"""Turns Whisper's words into the report as it should be written: pure, deterministic, French."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from .calendar import date, time
from .commands import spoken_command
from .escape import capitals, literal
from .numbers import starts_number
from .ordinals import ordinal
from .output import CommandPiece, Match, OutputPiece, verbatim
from .quantity import quantity
from .render import Renderer
from .signs import CLOSING, ENDS_SENTENCE, HEARD, Before, bracket_pieces, spoken_sign
from .stream import END, Stream
from .style import FRENCH, PLAIN, Style
from .tables import keys
from .tokens import SIGNS, Kind, Token, tokenize, tokenize_within
from .vertebrae import LEVELS, level

_CLOSES: Final = frozenset(")]»\"”'") | SIGNS
"""After one of Whisper's signs these do not make it part of a word, as « 12:30 » or an address does."""

_Rule: TypeAlias = Callable[[Stream, int, Style], Match | None]
_NUMBER_RULES: Final[tuple[_Rule, ...]] = (date, time, ordinal, quantity)


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What one dictation wants of its text."""

    typography: Literal["french", "plain"] = "french"
    """Thin no-break spaces and « », or plain spaces and straight quotes for record systems."""
    punctuation: Literal["both", "spoken", "automatic"] = "both"
    """Whose signs count: the speaker's beside Whisper's, the speaker's alone, or Whisper's alone."""
    numbers: bool = True
    """Write numbers, doses, dates and levels in digits."""
    commands: bool = True
    """Turn « efface ça » into an event instead of text."""
    autotexts: tuple[str, ...] = ()
    """The names that « insérer … » knows."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What one utterance leaves to the next."""

    open_brackets: tuple[str, ...] = ()
    """The closing brackets still awaited, outermost first; with `HEARD` after those that Whisper opened itself."""
    capital: bool = False
    """The speaker ended a sentence or a line last."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """Formatted text and what was asked for beside it."""

    text: str
    events: tuple[CommandPiece, ...] = ()
    settled: int = 0
    """Of a partial: so many characters stand as they are in every later partial and in the final of the same words."""
    carry: Carry = field(default_factory=Carry)


class Formatter:
    """Formats the utterances of one dictation; holds options, never text."""

    def __init__(self, options: FormatOptions | None = None) -> None:
        self.options = options or FormatOptions()
        self._style = FRENCH if self.options.typography == "french" else PLAIN
        self._autotexts = {
            keys(name): name for name in sorted(self.options.autotexts, key=len, reverse=True) if keys(name)
        }

    def final(self, raw: str, carry: Carry | None = None) -> Formatted:
        """Return the text of a whole utterance.

        Args:
            raw: what Whisper heard, any text.
            carry: what the utterance before left; without it the text stands alone and its open brackets are closed.
        """
        tokens = tokenize(unicodedata.normalize("NFC", raw))
        run = _Run(Stream(tokens), self.options, self._style, self._autotexts, carry or Carry(), len(tokens) + 1)
        run.to_end()
        if carry is None:
            run.close_brackets()
        text = run.renderer.text()
        return Formatted(text, tuple(run.events), len(text), Carry(run.open_brackets, run.renderer.capital))

    def partial(self, stable: str, tail: str, carry: Carry | None = None) -> Formatted:
        """Return the text of an utterance in progress.

        Args:
            stable: words that no longer change, in full.
            tail: words that may.
            carry: what the utterance before left.
        """
        stable = unicodedata.normalize("NFC", stable)
        tokens, whole = tokenize_within(stable + unicodedata.normalize("NFC", tail), len(stable))
        # The last stable token may still grow (« quatre » into « quatre-vingts »), so it does not count yet.
        firm = max(whole - 1, 0)
        run = _Run(Stream(tokens), self.options, self._style, self._autotexts, carry or Carry(), firm)
        run.to_end()
        return Formatted(run.renderer.text(), (), run.settled, Carry(run.open_brackets, run.renderer.capital))


def _rules(token: Token) -> Sequence[_Rule]:
    """Return the rules that could match at a token: for most words none."""
    if starts_number(token):
        return _NUMBER_RULES
    if token.kind is not Kind.WORD:
        return ()
    if token.text[0] in LEVELS:
        return (level,)
    if token.key.endswith(("ième", "ièmes")):
        return (ordinal,)
    return (date,) if token.key == "premier" else ()


class _Run:
    """One pass over the tokens of one utterance."""

    def __init__(
        self,
        stream: Stream,
        options: FormatOptions,
        style: Style,
        autotexts: Mapping[tuple[str, ...], str],
        carry: Carry,
        firm: int,
    ) -> None:
        self.renderer = Renderer(carry.capital)
        self.events: list[CommandPiece] = []
        self.open_brackets = carry.open_brackets
        self.settled = 0
        self._number_end = self._sign_end = -1
        self._stream = stream
        self._options = options
        self._style = style
        self._autotexts = autotexts
        self._firm = firm

    def to_end(self) -> None:
        index = 0
        while index < len(self._stream):
            index = self._step(index)
            if self._stream.reach < self._firm:
                self.settled = self.renderer.length

    def close_brackets(self) -> None:
        """Close what the speaker opened; brackets that Whisper wrote are left as they are."""
        for bracket in reversed(self.open_brackets):
            if not bracket.endswith(HEARD):
                self.renderer.add(bracket_pieces(bracket, self._style))
        self.open_brackets = ()

    def _step(self, index: int) -> int:
        token = self._stream[index]
        if token.kind is Kind.SIGN:
            return self._own_signs(index)
        match = self._spoken(index) if token.kind is Kind.WORD else None
        if match is not None:
            return self._take(match, ended=False)
        match = self._number(index)
        if match is not None:
            self.renderer.add(match.pieces)
            if match.pieces[-1].text != self._stream[match.end - 1].text:
                self._number_end = match.end
            return match.end
        self._add(token)
        return index + 1

    def _own_signs(self, index: int) -> int:
        """Write Whisper's own signs, except those that a spoken sign after them replaces."""
        end = index
        while self._stream[end].kind is Kind.SIGN:
            end += 1
        match = self._spoken(end) if self._stream[end].kind is Kind.WORD else None
        absorbed = match.absorb_before if match else ""
        ended = False
        for place in range(index, end):
            token = self._stream[place]
            if token.text in absorbed:
                ended = ended or token.text in ENDS_SENTENCE
            else:
                self._add_sign(place, token)
        return end if match is None else self._take(match, ended)

    def _spoken(self, index: int) -> Match | None:
        """Return what the speaker asks for at `index`: an escape, a command or a sign."""
        before = Before(self.open_brackets, number=self._number_end == index, sign=self._sign_end == index)
        if self._options.commands:
            command = spoken_command(self._stream, index, self._autotexts, after_sign=before.sign)
            if command is not None:
                return command
        if self._options.punctuation == "automatic":
            return None
        return (
            literal(self._stream, index)
            or capitals(self._stream, index)
            or spoken_sign(self._stream, index, self._style, before)
        )

    def _take(self, match: Match, ended: bool) -> int:
        """Write a spoken sign, and pass over Whisper's own signs after it."""
        end = match.end
        while (
            match.absorb_after and self._stream[end].kind is Kind.SIGN and self._stream[end].text in match.absorb_after
        ):
            ended = ended or self._stream[end].text in ENDS_SENTENCE
            end += 1
        pieces = match.pieces
        if ended and pieces and not pieces[-1].starts:
            pieces = (*pieces[:-1], replace(pieces[-1], lower=True))
        if match.command is not None:
            self.events.append(replace(match.command, offset=self.renderer.length))
        self.renderer.add(pieces)
        if match.command is not None or (pieces and (pieces[-1].breaks or pieces[-1].text[0] in SIGNS)):
            self._sign_end = end
        if match.opened:
            self.open_brackets = (*self.open_brackets, match.opened)
        elif match.closed:
            self.open_brackets = self.open_brackets[:-1]
        return end

    def _number(self, index: int) -> Match | None:
        if not self._options.numbers:
            return None
        for rule in _rules(self._stream[index]):
            match = rule(self._stream, index, self._style)
            if match is not None:
                return match
        return None

    def _add(self, token: Token) -> None:
        """Write a token as it is, setting quotes and following brackets that Whisper wrote."""
        if token.kind is Kind.BREAK:
            self.renderer.add((OutputPiece(token.text, breaks=True, word=False),))
            return
        if token.text in CLOSING:
            self.open_brackets = (*self.open_brackets, CLOSING[token.text] + HEARD)
        elif self.open_brackets and self.open_brackets[-1][0] == token.text:
            self.open_brackets = self.open_brackets[:-1]
        self.renderer.add((replace(verbatim(token), word=token.kind is not Kind.OTHER),))

    def _add_sign(self, index: int, token: Token) -> None:
        """Write one of Whisper's own signs with the space that the typography asks."""
        after, before = self._stream[index + 1], self._stream[index - 1]
        inside = after is not END and not after.gap and after.kind is not Kind.BREAK and after.text not in _CLOSES
        if self._options.punctuation == "spoken" and not inside:
            return
        gap = token.gap if before is END or inside else self._style.before(token.text) or token.gap
        self.renderer.add((OutputPiece(token.text, gap=gap, word=False),))
