"""One rule of the formatter, asked at one place of a text."""

from carabin.transcriber.formatting.output import Match
from carabin.transcriber.formatting.render import Renderer
from carabin.transcriber.formatting.rules import Rule
from carabin.transcriber.formatting.stream import Stream
from carabin.transcriber.formatting.style import PLAIN, Style
from carabin.transcriber.formatting.tokens import tokenize


def place(said: str) -> tuple[Stream, int]:
    """Return the tokens of a text, and the index of the token behind its bar: « le |douze mars »."""
    before, bar, after = said.partition("|")
    assert bar, "the text has no bar where the rule is asked"
    return Stream(tokenize(before + after)), len(tokenize(before))


def applied(rule: Rule, said: str, style: Style = PLAIN) -> str | None:
    """Return what the rule writes, a bar, and the words that it leaves to others; None where it does not match."""
    stream, index = place(said)
    match = rule(stream, index, style)
    return None if match is None else shown(match, stream)


def shown(match: Match, stream: Stream) -> str:
    """Return what was written, a bar, and the words that were left."""
    renderer = Renderer(capital=False)
    renderer.add(match.pieces)
    return renderer.text() + "|" + "".join(token.gap + token.text for token in stream.span(match.end, len(stream)))
