"""Dictates in real time over the WhisperLive protocol and keeps when each text came."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from carabin.client import (
    ClientError,
    Event,
    FinalText,
    LiveDictation,
    ModelSwitched,
    Options,
    PartialText,
    Resumed,
    connect,
)
from live_audio import RATE_HZ, Samples, Speaker

BLOCK_S = 0.1
LAST_WORDS_S = 120.0
"""A server that is short of cores may be late: its last finals count with their true delay."""


@dataclass(slots=True)
class Received:
    """What one client received, and when, on the dictation's own clock: 0 is when its first sample was spoken."""

    events: list[tuple[float, Event]] = field(default_factory=list)
    error: str = ""

    def finals(self) -> list[tuple[float, FinalText]]:
        return [(at, event) for at, event in self.events if isinstance(event, FinalText)]

    def partials(self) -> list[tuple[float, PartialText]]:
        return [(at, event) for at, event in self.events if isinstance(event, PartialText)]

    def switches(self) -> int:
        return sum(isinstance(event, ModelSwitched) for _, event in self.events)

    def breaks(self) -> int:
        return sum(isinstance(event, Resumed) for _, event in self.events)


async def dictate_all(url: str, speakers: Sequence[Speaker], vocabularies: Sequence[str] = ()) -> list[Received]:
    """Let all speakers dictate at the same time; returns when the last one has hung up.

    Args:
        vocabularies: names of vocabularies and of specialties' lexicons that they expect words of.
    """
    options = Options(language="fr", format=False, vocabularies=tuple(vocabularies))
    return list(await asyncio.gather(*(_dictate(url, speaker, options) for speaker in speakers)))


async def _dictate(url: str, speaker: Speaker, options: Options) -> Received:
    received = Received()
    try:
        async with connect(url, options) as dictation:
            started_s = time.perf_counter()
            reading = asyncio.create_task(_read(dictation, received, started_s))
            await _send(dictation, speaker, started_s)
            await dictation.finish()
            # A server closes when it has said all; what has not come by then never comes.
            await asyncio.wait([reading], timeout=LAST_WORDS_S)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    except ClientError as error:
        received.error = str(error)
    return received


async def _send(dictation: LiveDictation, speaker: Speaker, started_s: float) -> None:
    async for block in blocks_in_time(speaker, started_s):
        await dictation.send(block)


async def blocks_in_time(speaker: Speaker, started_s: float) -> AsyncIterator[Samples]:
    """Yield a speaker's audio, each block when its last sample was spoken."""
    size = int(BLOCK_S * RATE_HZ)
    for first in range(0, len(speaker.samples), size):
        due_s = started_s + (first + size) / RATE_HZ
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        yield speaker.samples[first : first + size]


async def _read(dictation: LiveDictation, received: Received, started_s: float) -> None:
    try:
        async for event in dictation:
            received.events.append((time.perf_counter() - started_s, event))
    except ClientError as error:
        received.error = str(error)
