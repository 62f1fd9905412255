"""Subtitles of a transcript, SubRip and WebVTT: pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Cue(NamedTuple):
    """One stretch of text on the screen."""

    start_s: float
    end_s: float
    text: str


def subrip(cues: Iterable[Cue]) -> str:
    """Return SubRip (.srt): numbered cues, times with a comma."""
    return "\n".join(f"{number}\n{_cue(cue, ',')}" for number, cue in enumerate(cues, 1))


def webvtt(cues: Iterable[Cue]) -> str:
    """Return WebVTT (https://www.w3.org/TR/webvtt1/): times with a full stop."""
    return "WEBVTT\n\n" + "\n".join(_cue(cue._replace(text=_escape(cue.text)), ".") for cue in cues)


def _cue(cue: Cue, mark: str) -> str:
    # A blank line ends a cue: the rest of a text with paragraphs would be lost.
    lines = [line for line in cue.text.strip().splitlines() if line.strip()]
    return f"{_clock(cue.start_s, mark)} --> {_clock(cue.end_s, mark)}\n" + "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    # A player drops what it takes for a tag: « TA < 9 et > 5 » would lose its figures, and `-->` ends a cue.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(time_s: float, mark: str) -> str:
    seconds, milliseconds = divmod(round(time_s * 1000), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{milliseconds:03}"
