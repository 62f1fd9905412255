"""Audio for `carabin dictate`: a recording, paced or at once, or the microphone."""

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from carabin.registry.errors import CarabinError
from carabin.service.errors import AudioFileRefused
from carabin.service.shortage import translate_shortage
from numpy.typing import NDArray

from .push_to_talk import Part, PushToTalk

Samples = NDArray[np.float32]

RATE_HZ = 16_000
BLOCK_S = 0.1
"""How much audio is sent at a time: a tenth of a second is felt by nobody."""


class AudioRefused(CarabinError):
    """The recording or the microphone gives no audio."""


@dataclass(frozen=True, slots=True)
class ReadRecording:
    """A decoded file."""

    samples: Samples
    """(n,) float32, 16 kHz, mono."""
    lost: list[str]
    """A sentence for each part that could not be decoded."""
    no_speech: str | None
    """Why it certainly holds no speech; None where it may."""


def read_recording(path: Path) -> ReadRecording:
    """Read a recording of any format.

    Raises:
        AudioRefused: no such file, or no audio in it.
        ResourcesExhausted: memory or threads are short; the recording may be sound.
    """
    try:
        from carabin.service.audio import Recording, damage_of
    except ModuleNotFoundError as error:
        raise AudioRefused("reading recordings needs the package av: pip install av") from error
    if not path.is_file():
        raise AudioRefused(f"there is no file {path}")
    try:
        with translate_shortage(path), path.open("rb") as file:
            recording = Recording(file, name=path.name)
            samples = np.concatenate(list(recording.blocks()))
    except AudioFileRefused as error:
        raise AudioRefused(f"{path} cannot be decoded as audio: {error}") from error
    except OSError as error:
        raise AudioRefused(f"{path} cannot be read: {error.strerror or error}") from error
    reason = recording.speech.no_speech()
    lost = [f"{path} {damage.sentence}" for damage in damage_of(recording)]
    return ReadRecording(samples, lost, f"{path} {reason}" if reason else None)


async def blocks(samples: Samples, *, realtime: bool) -> AsyncIterator[Samples]:
    """Yield a recording in blocks of `BLOCK_S`, as a speaker would or as fast as they are taken."""
    size = int(BLOCK_S * RATE_HZ)
    started_s = time.monotonic()
    for place in range(0, len(samples), size):
        if realtime:
            await asyncio.sleep(max(0.0, started_s + place / RATE_HZ - time.monotonic()))
        yield samples[place : place + size]


async def microphone(stop: asyncio.Event, button: PushToTalk | None = None) -> AsyncIterator[Part]:
    """Yield what the default microphone records until `stop` is set; with a button, only while it says so.

    Raises:
        AudioRefused: there is no microphone, or the package for it is missing.
    """
    try:
        sounddevice: Any = importlib.import_module("sounddevice")
    except (ModuleNotFoundError, OSError) as error:
        raise AudioRefused("the microphone needs sounddevice: pip install 'carabin-cli[microphone]'") from error
    captured: asyncio.Queue[Part] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def take(block: NDArray[np.float32], _frames: int, _time: Any, _status: Any) -> None:
        loop.call_soon_threadsafe(arrive, block[:, 0].copy())

    def arrive(block: Samples) -> None:
        # Decided when it is recorded, not when it is sent: a slow network must not lose what was said before the key.
        parts: Iterable[Part] = button.push(block) if button else (block,)
        for part in parts:
            captured.put_nowait(part)

    try:
        stream = sounddevice.InputStream(RATE_HZ, int(BLOCK_S * RATE_HZ), channels=1, dtype="float32", callback=take)
    except sounddevice.PortAudioError as error:
        raise AudioRefused("no microphone can be opened here") from error
    with stream:
        stopping = asyncio.create_task(stop.wait())
        while not stopping.done():
            getting = asyncio.create_task(captured.get())
            await asyncio.wait([getting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                yield getting.result()
            else:
                getting.cancel()
    while not captured.empty():
        yield captured.get_nowait()
