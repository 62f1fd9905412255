"""Audio for `carabin dictate`: a recording, paced or at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from carabin.registry.errors import CarabinError
from carabin.service.errors import AudioFileRefused
from carabin.service.shortage import translate_shortage
from numpy.typing import NDArray

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


async def blocks(samples: Samples, stop: asyncio.Event | None = None, *, realtime: bool) -> AsyncIterator[Samples]:
    """Yield a recording in blocks of `BLOCK_S` until `stop`, as a speaker would or as fast as they are taken."""
    stop = stop or asyncio.Event()
    size = int(BLOCK_S * RATE_HZ)
    started_s = time.monotonic()
    for place in range(0, len(samples), size):
        if realtime:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, started_s + place / RATE_HZ - time.monotonic()))
        if stop.is_set():
            return
        yield samples[place : place + size]
