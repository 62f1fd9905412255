"""One unbroken live dictation of held-out sentences, during which a lexicon and then a model are promoted."""

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
    promotions: Sequence[Callable[[], Coroutine[None, None, None]]],
    show: Callable[[FinalText | ModelSwitched], None],
) -> Outcome:
    """Dictate in real time over one connection while promotions happen; stop `after` sentences behind the swap.

    Args:
        clips: the first `before` are spoken before the first promotion and once more before the second, and so on;
            then all others, and again from the first while the new model is still loading.
        promotions: each is awaited beside the dictation, which never stops for it; the last one changes the model.
        show: called with every final and every change of model as it comes.
    """
    outcome = Outcome()
    rounds = {before * (place + 1): promote for place, promote in enumerate(promotions)}
    async with connect(url, Options()) as dictation:
        reading = asyncio.create_task(_read(dictation, outcome, show))
        running: list[asyncio.Task[None]] = []
        for clip in _until(_in_order(clips, before, len(promotions)), outcome, max(rounds), after):
            if outcome.spoken in rounds:
                running.append(asyncio.create_task(rounds[outcome.spoken]()))
            audio = np.concatenate([clip.audio, np.zeros(int(PAUSE_S * RATE_HZ), np.float32)])
            async for block in blocks(audio, realtime=True):
                await dictation.send(block)
            outcome.spoken += 1
        await asyncio.gather(*running)
        await dictation.finish()
        await reading
    return outcome


def _in_order(clips: Sequence[DemoClip], before: int, promotions: int) -> list[DemoClip]:
    """Return the first clips once for each promotion, then the others, and all of them twice more."""
    return [*list(clips[:before]) * promotions, *clips[before:], *clips, *clips]


def _until(clips: Sequence[DemoClip], outcome: Outcome, before: int, after: int) -> Iterator[DemoClip]:
    """Yield clips until `after` of them were spoken since the model changed, at least `before` + `after`."""
    changed_at: int | None = None
    for place, clip in enumerate(clips):
        if outcome.switches and changed_at is None:
            changed_at = place
        if changed_at is not None and place >= max(changed_at, before) + after:
            return
        yield clip


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
