"""The microphone for `carabin dictate`."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audio import BLOCK_S, RATE_HZ, AudioRefused, Samples
from .push_to_talk import Part, PushToTalk

SILENT_S = 2.0
"""A microphone that gives no block for so long was unplugged: twenty blocks, and also silence is blocks."""


async def microphone(
    stop: asyncio.Event, button: PushToTalk | None = None, *, overflowed: Callable[[], None] = lambda: None
) -> AsyncIterator[Part]:
    """Yield what the default microphone records until `stop` is set; with a button, only while it says so.

    Args:
        overflowed: called each time this machine was too slow and sound that was to be sent is lost.

    Raises:
        AudioRefused: there is no microphone, or the package for it is missing, or it stopped by itself.
    """
    capture = _Capture(button, overflowed)
    stream = _open(capture)
    stopping = asyncio.create_task(stop.wait())
    try:
        with stream:
            capture.begin()  # Opening may take a headset seconds.
            while not stopping.done() and not capture.has_stopped():
                getting = asyncio.create_task(capture.parts.get())
                await asyncio.wait([getting, stopping], timeout=BLOCK_S, return_when=asyncio.FIRST_COMPLETED)
                if getting.done():
                    yield getting.result()
                else:
                    getting.cancel()
        await asyncio.sleep(0)  # The last block is on its way from the thread of the microphone.
        while not capture.parts.empty():
            yield capture.parts.get_nowait()
        if not stopping.done():
            raise AudioRefused("the microphone stopped giving sound: was it unplugged?")
    finally:
        stopping.cancel()


class _Capture:
    """What the thread of the microphone hands over to the event loop."""

    def __init__(self, button: PushToTalk | None, overflowed: Callable[[], None]) -> None:
        self.parts: asyncio.Queue[Part] = asyncio.Queue()
        self._button, self._overflowed = button, overflowed
        self._loop = asyncio.get_running_loop()
        self._heard_s = 0.0
        self._first = True
        self._finished = False

    def begin(self) -> None:
        """Note that the microphone is open."""
        self._heard_s = self._loop.time()

    def take(self, block: NDArray[np.float32], _frames: int, _time: Any, status: Any) -> None:
        """Take a block, in the thread of the microphone."""
        self._loop.call_soon_threadsafe(self._arrive, block[:, 0].copy(), bool(status and status.input_overflow))

    def finish(self) -> None:
        """Note that no block will come, in the thread of the microphone."""
        self._loop.call_soon_threadsafe(self._note_end)

    def has_stopped(self) -> bool:
        """Say whether the microphone ended by itself, or gives nothing any more."""
        return self._finished or self._loop.time() - self._heard_s > SILENT_S

    def _arrive(self, block: Samples, overflow: bool) -> None:
        self._heard_s = self._loop.time()
        # What was lost before the first block was spoken before the microphone was open.
        if overflow and not self._first and (self._button is None or self._button.talking):
            self._overflowed()
        self._first = False
        # Decided when it is recorded, not when it is sent: a slow network must not lose what was said before the key.
        for part in self._button.push(block) if self._button else (block,):
            self.parts.put_nowait(part)

    def _note_end(self) -> None:
        self._finished = True


def _open(capture: _Capture) -> Any:
    try:
        sounddevice: Any = importlib.import_module("sounddevice")
    except (ModuleNotFoundError, OSError) as error:
        raise AudioRefused("the microphone needs sounddevice: pip install 'carabin-cli[microphone]'") from error
    try:
        return sounddevice.InputStream(
            RATE_HZ, int(BLOCK_S * RATE_HZ), channels=1, dtype="float32",
            callback=capture.take, finished_callback=capture.finish,
        )  # fmt: skip
    except sounddevice.PortAudioError as error:
        raise AudioRefused("no microphone can be opened here") from error
