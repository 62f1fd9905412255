"""One pass over the tokens of one utterance: spoken signs, commands and numbers become text and events."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .commands import spoken_command
from .escape import capitals, literal
from .options import Carry, FormatOptions
from .output import CommandPiece, Match, OutputPiece, verbatim
from .render import Renderer
from .rules import rules_at
from .signs import CLOSING, ENDS_SENTENCE, OPENED_BY_MODEL, Before, bracket_pieces, spoken_sign
from .stream import END, Stream
from .style import Style
from .tokens import SIGNS, Kind, Token

_CLOSES: Final = frozenset(")]»\"”'") | SIGNS
"""After one of Whisper's signs these do not make it part of a word, as « 12:30 » or an address does."""


class Rewriter:
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
        """Rewrite the stream to its end."""
        index = 0
        while index < len(self._stream):
            index = self._step(index)
            if self._stream.reach < self._firm:
                self.settled = self.renderer.length

    def close_brackets(self) -> None:
        """Close what the speaker opened; brackets that Whisper wrote are left as they are."""
        for bracket in reversed(self.open_brackets):
            if not bracket.endswith(OPENED_BY_MODEL):
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
        for rule in rules_at(self._stream[index]):
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
            self.open_brackets = (*self.open_brackets, CLOSING[token.text] + OPENED_BY_MODEL)
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
