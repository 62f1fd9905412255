"""What the speaker asks for instead of dictating it: « efface ça », « insérer signature »."""

from collections.abc import Mapping

from .output import CommandPiece, Match
from .stream import END, Stream
from .tables import commands
from .tokens import Kind

INSERT = frozenset({"insérer", "insère", "insérez", "inserer", "inséré", "insérés", "insérée", "insérées", "insert"})
"""What sounds as « insérer » or « insère » does: Whisper writes one for the other. An auto-text's name follows."""


def spoken_command(
    stream: Stream, index: int, autotexts: Mapping[tuple[str, ...], str], *, after_sign: bool = False
) -> Match | None:
    """Match a command that is the whole utterance, or its last words after a pause.

    Args:
        after_sign: the words before were a spoken sign, which is a pause.
    """
    paused = index == 0 or after_sign or stream[index - 1].kind in (Kind.SIGN, Kind.BREAK)
    if stream[index].key in INSERT:
        return _insertion(stream, index, autotexts) if paused else None
    for end, command in commands().find(stream, index):
        alone = index == 0
        if (alone or (command.where == "end" and paused)) and _ends(stream, end):
            return _event(stream, end, CommandPiece(command.event, said=_said(stream, index, end)))
    return None


def _insertion(stream: Stream, index: int, autotexts: Mapping[tuple[str, ...], str]) -> Match | None:
    for name, known in autotexts.items():
        end = index + 1 + len(name)
        if stream.matches(index + 1, name) and _ends(stream, end):
            return _event(stream, end, CommandPiece("insert", known, said=_said(stream, index, end)))
    return None


def _event(stream: Stream, end: int, command: CommandPiece) -> Match:
    while stream[end].kind is Kind.SIGN:
        end += 1
    return Match(end, (), command=command)


def _ends(stream: Stream, index: int) -> bool:
    """Only signs, and commands that may come last, stand between `index` and the end of the utterance."""
    while stream[index] is not END:
        if stream[index].kind is Kind.SIGN:
            index += 1
            continue
        last = next((end for end, command in commands().find(stream, index) if command.where == "end"), None)
        if last is None:
            return False
        index = last
    return True


def _said(stream: Stream, start: int, end: int) -> str:
    return "".join(token.gap + token.text for token in stream.span(start, end)).strip()
