"""One unbroken live dictation of held-out sentences, during which the model is promoted."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from carabin.cli.commands.dictate.audio import RATE_HZ, Samples, blocks
from carabin.client import FinalText, LiveDictation, ModelSwitched, Options, Resumed, connect

PAUSE_S = 1.0
"""A breath between two sentences: an utterance ends after 0.45 s of silence."""


@dataclass(frozen=True, slots=True)
class DemoClip:
    """One sentence to dictate: (n,) float32 at 16 kHz, and what is said in it."""

    audio: Samples
    sentence: str


@dataclass
class Outcome:
    """What one dictation gave."""

    finals: list[FinalText] = field(default_factory=list)
    switches: list[ModelSwitched] = field(default_factory=list)
    connections: int = 1
    spoken: int = 0
    """Sentences that were dictated."""


async def dictate(
    url: str,
    clips: Sequence[DemoClip],
    before: int,
    after: int,
    promote: Callable[[], Coroutine[None, None, None]],
    show: Callable[[FinalText | ModelSwitched], None],
) -> Outcome:
    """Dictate in real time over one connection, promote after `before` sentences, stop `after` ones behind the swap.

    Args:
        clips: spoken in order, and again from the first while the new model is still loading.
        promote: awaited beside the dictation, which never stops for it.
        show: called with every final and every change of model as it comes.
    """
    outcome = Outcome()
    async with connect(url, Options()) as dictation:
        reading = asyncio.create_task(_read(dictation, outcome, show))
        promotion: asyncio.Task[None] | None = None
        for clip in _until(clips, outcome, before, after):
            if outcome.spoken == before:
                promotion = asyncio.create_task(promote())
            audio = np.concatenate([clip.audio, np.zeros(int(PAUSE_S * RATE_HZ), np.float32)])
            async for block in blocks(audio, realtime=True):
                await dictation.send(block)
            outcome.spoken += 1
        if promotion is not None:
            await promotion
        await dictation.finish()
        await reading
    return outcome


def _until(clips: Sequence[DemoClip], outcome: Outcome, before: int, after: int) -> Iterator[DemoClip]:
    """Yield clips until `after` of them were spoken since the model changed, or all of them three times."""
    changed_at: int | None = None
    for place in range(3 * len(clips)):
        if outcome.switches and changed_at is None:
            changed_at = place
        if changed_at is not None and place >= max(changed_at, before) + after:
            return
        yield clips[place % len(clips)]


async def _read(dictation: LiveDictation, outcome: Outcome, show: Callable[[FinalText | ModelSwitched], None]) -> None:
    async for event in dictation:
        if isinstance(event, FinalText):
            outcome.finals.append(event)
            show(event)
        elif isinstance(event, ModelSwitched):
            outcome.switches.append(event)
            show(event)
        elif isinstance(event, Resumed):
            outcome.connections += 1
