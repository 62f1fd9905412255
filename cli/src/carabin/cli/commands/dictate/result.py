"""What came of a dictation: its finals, what speaks against them, and the exit code that says so."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import typer
from carabin.cli.output import write_json
from carabin.client import Command, Event, FinalText, Warned
from carabin.service.subtitles import Cue, subrip

NO_SPEECH = "no speech was found in what was sent"
"""Where the transcript is empty: a silent microphone or the wrong channel, which nobody takes for a transcript."""


@dataclass(slots=True)
class Result:
    """Grows while a dictation runs."""

    form: str
    """What it is written as: text, srt or json."""
    finals: list[FinalText] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: bool = False
    """Something that was said is not in it."""
    exit_code: int = 0

    def warn(self, sentence: str) -> None:
        """Say what speaks against the transcript, and keep it for JSON."""
        self.warnings.append(sentence)
        notify(f"warning: {sentence}")

    def lose(self, sentence: str, exit_code: int = 1) -> None:
        """Say what is missing."""
        self.lost, self.exit_code = True, exit_code
        self.warn(sentence)

    def write(self, *, complete: bool) -> None:
        """Write it to standard output."""
        write(self.finals, self.form, complete and not self.lost, self.warnings)


def notify(sentence: str) -> None:
    """Say something on standard error; a terminal that is gone must not cost the transcript."""
    with suppress(OSError):
        typer.echo(sentence, err=True)


def doubt(finals: Sequence[FinalText], no_speech: str | None) -> str | None:
    """Return what speaks against a transcript: that there is none, or that its recording holds no speech."""
    if any(final.text.strip() for final in finals):
        return f"{no_speech}: its text may be invented" if no_speech else None
    return f"{NO_SPEECH}: {no_speech}" if no_speech else NO_SPEECH


def warning_of(event: Event, finals: Sequence[FinalText]) -> str | None:
    """Return what an event says against the transcript so far; never what was dictated."""
    match event:
        case Warned():
            return event.sentence
        case Command():
            name = f"{event.name} {event.argument}".rstrip()
            place = f" at {finals[-1].end_s:.2f} s" if finals else ""
            return f"the spoken command {name!r}{place} was not carried out: what it asks for is left to you"
    return None


def write(finals: Sequence[FinalText], form: str, complete: bool, warnings: Sequence[str] = ()) -> None:
    """Write the transcript to standard output as text, srt or json; `warnings` say in JSON what is not in it."""
    if form == "json":
        document = {
            "complete": complete, "warnings": list(warnings), "segments": [asdict(final) for final in finals],
        }  # fmt: skip
        write_json(document, indent=2)
    elif form == "srt":
        cues = (Cue(final.start_s, final.end_s, final.written) for final in finals if final.written.strip())
        sys.stdout.write(subrip(cues))
    else:
        sys.stdout.write("".join(final.written + "\n" for final in finals if final.written))
    sys.stdout.flush()
