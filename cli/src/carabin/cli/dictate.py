"""`carabin dictate`: a recording or the microphone to a server, with live text."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from carabin.client import FinalText, LiveDictation, Options, connect

from .dictate_audio import Samples, blocks, microphone, read_recording
from .dictate_output import Screen, write

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
    1: refused, or something was lost, and the transcript is what came before it.
    """
    if mic == (file is not None):
        raise typer.BadParameter("give a FILE or --mic")
    options = Options(
        language=None if language == "auto" else language,
        hotwords=hotwords,
        vocabularies=tuple(vocabulary or ()),
        word_timestamps=words,
        format=not raw,
    )
    samples = read_recording(file) if file else None
    asyncio.run(_dictate(samples, server, options, Form.JSON if as_json else form, realtime=realtime, quiet=quiet))


async def _dictate(
    samples: Samples | None, server: str, options: Options, form: Form, *, realtime: bool, quiet: bool
) -> None:
    stop = asyncio.Event()
    if samples is None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    audio = microphone(stop) if samples is None else blocks(samples, realtime=realtime)
    finals: list[FinalText] = []
    complete = False
    try:
        async with connect(server, options, token=os.environ.get("CARABIN_TOKEN")) as dictation:
            with Screen(quiet=quiet) as screen:
                await _listen(dictation, audio, screen, finals)
        complete = True
    finally:
        # What was heard before a failure is the user's: it is written all the same, and the exit code says the rest.
        if complete or finals:
            write(finals, form.value, complete)


async def _listen(
    dictation: LiveDictation, audio: AsyncIterator[Samples], screen: Screen, finals: list[FinalText]
) -> None:
    sending = asyncio.create_task(_send(dictation, audio))
    reading = asyncio.create_task(_read(dictation, screen, finals))
    try:
        done, _ = await asyncio.wait([sending, reading], return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in (sending, reading):
            task.cancel()
        await asyncio.gather(sending, reading, return_exceptions=True)


async def _send(dictation: LiveDictation, audio: AsyncIterator[Samples]) -> None:
    async for block in audio:
        await dictation.send(block)
    await dictation.finish()


async def _read(dictation: LiveDictation, screen: Screen, finals: list[FinalText]) -> None:
    async for event in dictation:
        screen.show(event)
        if isinstance(event, FinalText):
            finals.append(event)
