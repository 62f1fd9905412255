"""Spoken punctuation, layout and brackets, with the rules that let « point de vue » be words."""

from dataclasses import dataclass

from .output import Match, OutputPiece
from .stream import END, Stream
from .style import Style
from .tables import Sign, commands, signs, words
from .tokens import SIGNS, Kind, Token

CLOSING = {"(": ")", "«": "»"}
OPENED_BY_MODEL = "?"
"""Marks an awaited bracket that Whisper opened: a spoken one may close it, we never do."""

ENDS_SENTENCE = frozenset(".?!…")
ALL = "".join(sorted(SIGNS))

_OPENS_SENTENCE = (("par", "ailleurs"), ("au", "total"))
"""What begins anew although its first word, as in « nouvelle ligne par docétaxel », keeps a command a word."""

_ABSORBS = {
    "sign": (ALL, ALL),
    "break": (",", ALL),
    "open": (",", ALL),
    "close": (",.…", ","),
    "dash": (",", ALL),
    "glue": (",.", ",."),
}
"""Which of Whisper's own signs go before and after each kind of spoken sign; a full stop before a new line stays."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was written of the words just before."""

    open_brackets: tuple[str, ...] = ()
    number: bool = False
    """They became digits, so their last « un » is no article."""
    sign: bool = False
    """They were a spoken sign, which is a pause."""


def spoken_sign(stream: Stream, index: int, style: Style, before: Before) -> Match | None:
    """Match the longest spoken sign at `index` that its context allows."""
    for end, sign in signs().find(stream, index):
        if not (before.number or before.sign) and stream[index - 1].key in sign.not_after:
            continue
        if _allowed(stream, index, end, sign, before):
            return _match(end, sign, style)
    return None


def _allowed(stream: Stream, index: int, end: int, sign: Sign, before: Before) -> bool:
    if sign.not_before and stream[end].key in sign.not_before and not _opens_sentence(stream, end):
        return False
    if sign.context == "signal":
        return before.sign or _is_pause(stream, index, end)
    if sign.context == "between":
        return _is_word(stream[index - 1]) and _is_word(stream[end])
    if sign.context == "paired" and sign.kind == "close":
        return bool(before.open_brackets) and before.open_brackets[-1][0] == sign.write
    if sign.context == "paired":
        return _is_closed_later(stream, end, CLOSING[sign.write])
    return True


def _opens_sentence(stream: Stream, index: int) -> bool:
    return any(stream.matches(index, opening) for opening in _OPENS_SENTENCE)


def _is_pause(stream: Stream, index: int, end: int) -> bool:
    """Something shows that the speaker stopped: else « point » is more often a word."""
    if any(stream[place].key in words()["negation"] for place in range(max(0, index - 4), index)):
        return False
    before, after = stream[index - 1], stream[end]
    if before is not END and before.kind in (Kind.SIGN, Kind.BREAK):
        return True
    if after.kind in (Kind.SIGN, Kind.BREAK) or after.is_capital or after.key in words()["clause_starter"]:
        return True
    return signs().first(stream, end) is not None or commands().first(stream, end) is not None


def _is_word(token: Token) -> bool:
    return token.kind in (Kind.WORD, Kind.NUMBER)


def _is_closed_later(stream: Stream, index: int, closing: str) -> bool:
    for place in range(index, len(stream)):
        if any(sign.write == closing for _, sign in signs().find(stream, place)):
            return True
    stream[len(stream)]  # What comes after the text may close it: nothing is settled yet.
    return False


def _match(end: int, sign: Sign, style: Style) -> Match:
    before, after = _ABSORBS[sign.kind]
    if sign.kind == "break" and sign.write[0] != "\n":
        before = ALL
    return Match(
        end,
        _pieces(sign, style),
        absorb_before=before,
        absorb_after=after,
        opened=CLOSING.get(sign.write, ""),
        closed=sign.kind == "close",
    )


def _pieces(sign: Sign, style: Style) -> tuple[OutputPiece, ...]:
    if sign.kind == "sign":
        return (sign_piece(sign.write, style),)
    if sign.kind == "break":
        mark, lines = sign.write.rstrip("\n"), sign.write.lstrip(",.:;")
        line = OutputPiece(lines, breaks=True, starts=True, word=False)
        return (sign_piece(mark, style), line) if mark else (line,)
    if sign.kind in ("open", "close"):
        return bracket_pieces(sign.write, style)
    if sign.kind == "dash":
        return (OutputPiece("-", word=False),)
    return (OutputPiece("-" if sign.write == "-" else "/", gap="", sticky=True, word=False),)


def sign_piece(sign: str, style: Style) -> OutputPiece:
    """Return a spoken sign as it is set."""
    text = style.ellipsis if sign == "…" else sign
    return OutputPiece(text, gap=style.before(sign), starts=sign in ENDS_SENTENCE, word=False)


def bracket_pieces(bracket: str, style: Style) -> tuple[OutputPiece, ...]:
    """Return a bracket, with the space that French quotes have inside."""
    if bracket == "(":
        return (OutputPiece("(", sticky=True, word=False),)
    if bracket == ")":
        return (OutputPiece(")", gap="", word=False),)
    if bracket == "«":
        return (OutputPiece(style.opening_quote + style.quote_space, sticky=True, word=False),)
    return (OutputPiece(style.quote_space + style.closing_quote, gap="", word=False),)
