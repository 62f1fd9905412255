"""What `carabin dictate` shows during a dictation."""

from contextlib import suppress

from carabin.client import (
    DetectedLanguage,
    Event,
    FinalText,
    ModelSwitched,
    PartialText,
    Ready,
    Resumed,
)
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
        with suppress(OSError):
            self._live.stop()

    def show(self, event: Event) -> None:
        """Show one event; a terminal that is gone must not cost the transcript."""
        with suppress(OSError):
            self._show(event)

    def _show(self, event: Event) -> None:
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
