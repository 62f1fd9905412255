"""One run of `carabin dictate`: audio goes out, finals come in, and what came is written whatever happens."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from carabin.cli.interruption import SIGNALLED, asked_twice
from carabin.client import FinalText, LiveDictation, Options, connect

from .audio import RATE_HZ, AudioRefused, ReadRecording, blocks
from .keyboard import keys_toggle, signal_toggles
from .microphone import microphone
from .push_to_talk import FLUSH, Part, PushToTalk
from .result import Result, doubt, notify, warning_of
from .screen import Screen
from .typist import Typist


@dataclass(slots=True)
class Source:
    """Where the audio comes from."""

    recording: ReadRecording | None
    """None: the microphone."""
    realtime: bool
    button: PushToTalk | None
    sent: int = 0
    """Samples that were sent."""
    overflows: int = 0
    """How often this machine was too slow for its microphone."""

    def parts(self, stop: asyncio.Event) -> AsyncIterator[Part]:
        """Yield the audio until it ends or `stop` is set."""
        if self.recording:
            return blocks(self.recording.samples, stop, realtime=self.realtime)
        return microphone(stop, self.button, overflowed=self._count_overflow)

    def _count_overflow(self) -> None:
        self.overflows += 1


async def run(
    source: Source, typist: Typist | None, result: Result, server: str, options: Options, *, quiet: bool
) -> None:
    """Dictate; the first signal ends the audio and the second one the waiting for finals, and what is final is written.

    Raises:
        CarabinError: refused, or broken half-way; what was transcribed before is written.
    """
    for sentence in source.recording.lost if source.recording else ():
        result.lose(sentence)
    if typist:
        await typist.check()
    stop = asyncio.Event()
    async with connect(server, options, token=os.environ.get("CARABIN_TOKEN")) as dictation:
        streaming = asyncio.create_task(_stream(dictation, source, stop, result, typist, quiet=quiet))
        complete = False
        with asked_twice(stop.set, streaming.cancel) as signals:
            try:
                await asyncio.wait([streaming])
                _judge(source, result, signals, cut=streaming.cancelled())
                if not streaming.cancelled():
                    streaming.result()
                    complete = True
                    if reason := doubt(result.finals, source.recording.no_speech if source.recording else None):
                        result.warn(reason)
            finally:
                streaming.cancel()
                # What was transcribed before a failure is the user's: it is written, and the exit code says the rest.
                if complete or result.finals:
                    result.write(complete=complete)


def _judge(source: Source, result: Result, signals: Sequence[int], *, cut: bool) -> None:
    """Say what is missing."""
    if source.overflows:
        times = "1 time" if source.overflows == 1 else f"{source.overflows} times"
        result.lose(f"this machine was too slow for its microphone: sound was lost {times}")
    if not signals:
        return
    code = SIGNALLED + signals[-1]
    total = len(source.recording.samples) if source.recording else source.sent
    if source.sent < total:
        ended = f"ended at {source.sent / RATE_HZ:.2f} s of {total / RATE_HZ:.2f} s"
        result.lose(f"{ended}: what follows was not transcribed", code)
    if cut:
        result.lose("ended at once: what was not final yet is lost", code)


def _toggling(button: PushToTalk | None, typist: Typist | None, stop: asyncio.Event) -> AbstractContextManager[None]:
    if button is None:
        return nullcontext()
    if typist:
        # Keys of the terminal would need the focus, which the window that is typed into has.
        return signal_toggles(button, notify)
    return keys_toggle(button, stop.set, notify)


async def _stream(
    dictation: LiveDictation, source: Source, stop: asyncio.Event, result: Result, typist: Typist | None, *, quiet: bool
) -> None:
    with Screen(quiet=quiet) as screen, _toggling(source.button, typist, stop):
        sending = asyncio.create_task(_send(dictation, source, stop))
        reading = asyncio.create_task(_read(dictation, screen, typist, result))
        try:
            done, _ = await asyncio.wait([sending, reading], return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                if failure := task.result():
                    raise failure
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)


async def _send(dictation: LiveDictation, source: Source, stop: asyncio.Event) -> AudioRefused | None:
    """Return why the audio ended by itself: what was said before it is sent and becomes final all the same."""
    failure = None
    try:
        async for part in source.parts(stop):
            if part is FLUSH:
                await dictation.flush()
            else:
                await dictation.send(part)
                source.sent += len(part)
    except AudioRefused as error:
        failure = error
    await dictation.finish()
    return failure


async def _read(dictation: LiveDictation, screen: Screen, typist: Typist | None, result: Result) -> None:
    async for event in dictation:
        screen.show(event)
        if isinstance(event, FinalText):
            result.finals.append(event)
            if typist:
                await typist.type(event.written)
        elif warning := warning_of(event, result.finals):
            result.warn(warning)
