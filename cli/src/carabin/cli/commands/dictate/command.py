"""`carabin dictate`: a recording or the microphone to a server, with live text."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from carabin.client import Options

from .audio import read_recording
from .dictation import Source, run
from .keyboard import require_terminal
from .push_to_talk import PushToTalk
from .result import Result
from .typist import Typist

app = typer.Typer(
    help="Dictate a file or the microphone to a server.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Form(StrEnum):
    TEXT = "text"
    SRT = "srt"
    JSON = "json"


@app.command(epilog="Example: carabin dictate report.wav --server ws://localhost:9090 --format srt")
def dictate(
    file: Annotated[Path | None, typer.Argument(help="A recording of any format.")] = None,
    mic: Annotated[bool, typer.Option("--mic", help="Listen to the microphone until Ctrl-C.")] = False,
    push_to_talk: Annotated[
        bool,
        typer.Option(
            "--push-to-talk",
            help="With --mic: send only between two presses of Space or Enter; with --type, between two SIGUSR1.",
        ),
    ] = False,
    type_finals: Annotated[
        bool, typer.Option("--type", help="Type final text into the focused window (wtype, xdotool or osascript).")
    ] = False,
    server: Annotated[str, typer.Option(help="ws:// or wss:// address of the server.")] = "ws://localhost:9090",
    form: Annotated[Form, typer.Option("--format", help="What goes to standard output at the end.")] = Form.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    realtime: Annotated[
        bool, typer.Option("--realtime/--fast", help="Send a recording as it was spoken, or as fast as it is taken.")
    ] = True,
    language: Annotated[str, typer.Option(help="A language code; auto lets the server detect it.")] = "fr",
    vocabulary: Annotated[
        list[str] | None, typer.Option(help="A vocabulary beside the model; may be repeated.")
    ] = None,
    hotwords: Annotated[str | None, typer.Option(help="Words to expect, comma-separated.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Whisper's own text instead of the formatted one.")] = False,
    words: Annotated[bool, typer.Option("--words", help="Word times in the JSON output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No live text.")] = False,
) -> None:
    """Show live text on standard error and write the transcript to standard output.

    The token, where the server wants one, comes from CARABIN_TOKEN. The first Ctrl-C, SIGTERM or SIGHUP ends the
    sending, the second the waiting for text. Spoken commands are not carried out: standard error, and "warnings" in
    JSON, say which there were. Exit code 0: all that was said is there; 1: refused, or something was lost, and the
    transcript is what came before it; 130, 143, 129: a signal ended it before all was transcribed.
    """
    if mic == (file is not None):
        raise typer.BadParameter("give a FILE or --mic")
    if push_to_talk and not mic:
        raise typer.BadParameter("--push-to-talk goes with --mic")
    if push_to_talk and not type_finals:
        require_terminal()
    typist = Typist.find() if type_finals else None
    button = PushToTalk() if push_to_talk else None
    options = Options(
        language=None if language == "auto" else language,
        hotwords=hotwords,
        vocabularies=tuple(vocabulary or ()),
        word_timestamps=words,
        format=not raw,
    )
    recording = read_recording(file) if file else None
    form = Form.JSON if as_json else form
    result = Result(form.value)
    source = Source(recording, realtime, button)
    asyncio.run(run(source, typist, result, server, options, quiet=quiet))
    if result.exit_code:
        raise typer.Exit(result.exit_code)
