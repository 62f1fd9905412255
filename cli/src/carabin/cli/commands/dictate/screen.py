"""What `carabin dictate` shows during a dictation and writes after it."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from carabin.cli.output import write_json
from carabin.client import (
    Command,
    DetectedLanguage,
    Event,
    FinalText,
    ModelSwitched,
    PartialText,
    Ready,
    Resumed,
    Warned,
)
from carabin.service.subtitles import Cue, subrip
from rich.console import Console
from rich.live import Live
from rich.text import Text


class Screen:
    """Live text on a terminal's standard error: finals stay, the line in progress is redrawn below them.

    Where standard error is no terminal, only what is final is written, so that a log stays readable.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, refresh_per_second=12, transient=True)

    def __enter__(self) -> "Screen":
        # A live display takes standard error over; a quiet one would swallow what others say there.
        if self._console.is_terminal and not self._console.quiet:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case PartialText():
                text = event.text.lstrip()
                stable = max(0, event.stable - (len(event.text) - len(text)))
                self._live.update(Text.assemble(text[:stable], (text[stable:], "dim italic")))
            case FinalText():
                self._live.update(Text(), refresh=self._live.is_started)
                if event.written:
                    self._console.print(self._line(event))
            case Ready():
                self._note(f"the server is ready: {event.model or 'model'} {event.model_version or ''}".rstrip())
            case ModelSwitched():
                self._note(f"from here on the model is {event.version}")
            case DetectedLanguage():
                self._note(f"the language is {event.language}")
            case Resumed():
                self._note("the connection broke and was taken up again")

    def _line(self, final: FinalText) -> Text:
        head = f"{final.start_s:7.2f}-{final.end_s:.2f} s"
        version = f"  [{final.model_version}]" if final.model_version else ""
        return Text.assemble((f"{head}{version}  ", "dim"), final.written)

    def _note(self, sentence: str) -> None:
        self._console.print(Text(sentence, "yellow dim"))


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
