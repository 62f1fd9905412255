"""`carabin dictate`: a recording or the microphone to a server, with live text."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from carabin.client import FinalText, LiveDictation, Options, connect

from .audio import ReadRecording, blocks, microphone, read_recording
from .keyboard import keys_toggle, require_terminal, signal_toggles
from .push_to_talk import FLUSH, Part, PushToTalk
from .screen import Screen, warning_of, write
from .typist import Typist

app = typer.Typer(
    help="Dictate a file or the microphone to a server.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


NO_SPEECH = "no speech was found in what was sent"
"""Where the transcript is empty: a silent microphone or the wrong channel, which nobody takes for a transcript."""


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

    The token, where the server wants one, comes from CARABIN_TOKEN. Exit code 0: all that was said is there;
    1: refused, or something was lost, and the transcript is what came before it. Spoken commands are not carried out:
    standard error, and "warnings" in JSON, say which there were.
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
    lost = recording.lost if recording else []
    for sentence in lost:
        _notify(f"warning: {sentence}")
    form = Form.JSON if as_json else form
    asyncio.run(_dictate(recording, button, typist, server, options, form, realtime=realtime, quiet=quiet))
    if lost:
        raise typer.Exit(1)


def _doubt(recording: ReadRecording | None, finals: Sequence[FinalText]) -> str | None:
    """Return what speaks against a transcript: that there is none, or that its recording holds no speech."""
    reason = recording.no_speech if recording else None
    if any(final.text.strip() for final in finals):
        return f"{reason}: its text may be invented" if reason else None
    return f"{NO_SPEECH}: {reason}" if reason else NO_SPEECH


async def _dictate(
    recording: ReadRecording | None,
    button: PushToTalk | None,
    typist: Typist | None,
    server: str,
    options: Options,
    form: Form,
    *,
    realtime: bool,
    quiet: bool,
) -> None:
    if typist:
        await typist.check()
    stop = asyncio.Event()
    if recording is None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    audio = blocks(recording.samples, realtime=realtime) if recording else microphone(stop, button)
    finals: list[FinalText] = []
    warnings = list(recording.lost) if recording else []
    complete, damaged = False, bool(warnings)
    try:
        async with connect(server, options, token=os.environ.get("CARABIN_TOKEN")) as dictation:
            with Screen(quiet=quiet) as screen, _toggling(button, typist, stop):
                await _stream(dictation, audio, screen, typist, finals, warnings)
        complete = True
        if doubt := _doubt(recording, finals):
            warnings.append(doubt)
            _notify(f"warning: {doubt}")
    finally:
        # What was transcribed before a failure is the user's: it is written, and the exit code says the rest.
        if complete or finals:
            write(finals, form.value, complete and not damaged, warnings)


def _toggling(button: PushToTalk | None, typist: Typist | None, stop: asyncio.Event) -> AbstractContextManager[None]:
    if button is None:
        return nullcontext()
    if typist:
        # Keys of the terminal would need the focus, which the window that is typed into has.
        return signal_toggles(button, _notify)
    return keys_toggle(button, stop.set, _notify)


def _notify(sentence: str) -> None:
    typer.echo(sentence, err=True)


async def _stream(
    dictation: LiveDictation,
    audio: AsyncIterator[Part],
    screen: Screen,
    typist: Typist | None,
    finals: list[FinalText],
    warnings: list[str],
) -> None:
    sending = asyncio.create_task(_send(dictation, audio))
    reading = asyncio.create_task(_read(dictation, screen, typist, finals, warnings))
    try:
        done, _ = await asyncio.wait([sending, reading], return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in (sending, reading):
            task.cancel()
        await asyncio.gather(sending, reading, return_exceptions=True)


async def _send(dictation: LiveDictation, audio: AsyncIterator[Part]) -> None:
    async for part in audio:
        if part is FLUSH:
            await dictation.flush()
        else:
            await dictation.send(part)
    await dictation.finish()


async def _read(
    dictation: LiveDictation, screen: Screen, typist: Typist | None, finals: list[FinalText], warnings: list[str]
) -> None:
    async for event in dictation:
        screen.show(event)
        if isinstance(event, FinalText):
            finals.append(event)
            if typist:
                await typist.type(event.written)
        elif warning := warning_of(event, finals):
            warnings.append(warning)
            _notify(f"warning: {warning}")
