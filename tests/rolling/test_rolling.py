"""Every replica is replaced in turn while people dictate: our client loses no word, the published one ends in time."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import soundfile
from carabin.client import Command, FinalText, Options, Resumed, connect

from ..compatibility.conftest import HERE as COMPATIBILITY
from ..compatibility.conftest import Published
from ..faults.speech import RATE_HZ, spoken_sentence
from .conftest import DRAIN_S, SENTENCE, Proxy, Replica, replace_in_turn

OURS, THEIRS = 6, 2
PACKET = 1777
SENTENCE_S = len(spoken_sentence()) / RATE_HZ


@dataclass
class Dictated:
    """What one dictation of ours was about, and what came of it."""

    sentences: int = 0
    finals: list[FinalText] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)
    """For each time that the client came back, whether its session was still there."""

    def finals_of(self, sentence: int) -> list[str]:
        """Return the texts whose middle lies within the time of one sentence."""
        begin_s = sentence * SENTENCE_S
        return [
            final.text for final in self.finals if begin_s <= (final.start_s + final.end_s) / 2 < begin_s + SENTENCE_S
        ]


async def dictate(url: str, until: threading.Event, begun: Callable[[], object] = lambda: None) -> Dictated:
    """Dictate the sentence as fast as a person speaks, again and again until the event.

    Args:
        begun: called when the server takes audio.
    """
    samples, dictated = spoken_sentence(), Dictated()
    loop = asyncio.get_running_loop()
    async with connect(url, Options()) as dictation:
        begun()

        async def read() -> None:
            async for event in dictation:
                if isinstance(event, FinalText):
                    dictated.finals.append(event)
                elif isinstance(event, Command):
                    dictated.commands.append(event)
                elif isinstance(event, Resumed):
                    dictated.resumed.append(event.same_session)

        reading = asyncio.create_task(read())
        started_s = loop.time()
        while not until.is_set() or dictated.sentences == 0:
            for place in range(0, len(samples), PACKET):
                due_s = started_s + dictated.sentences * SENTENCE_S + (place + PACKET) / RATE_HZ
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                await dictation.send(samples[place : place + PACKET])
            dictated.sentences += 1
        await dictation.finish()
        await reading
    return dictated


async def dictate_all(url: str, until: threading.Event, begun: Callable[[], object]) -> list[Dictated]:
    return list(await asyncio.gather(*(dictate(url, until, begun) for _ in range(OURS))))


def published_dictations(published: Published, port: int, wav: Path, until: threading.Event) -> list[list[str]]:
    """Run the published client, one dictation after the other, until the event; return what each committed."""
    committed = []
    while not until.is_set():
        run = published.run(COMPATIBILITY / "drive_streaming_client.py", port, wav, cwd=wav.parent)
        assert run.returncode == 0, run.stderr[-2000:]
        committed.append(json.loads(run.stdout.strip().splitlines()[-1])["committed"])
    return committed


def test_no_word_is_lost_while_every_replica_is_replaced(
    proxy: Proxy, replicas: list[Replica], published: Published, said: str, tmp_path: Path
) -> None:
    url, done, begun = f"ws://127.0.0.1:{proxy.port}", threading.Event(), threading.Semaphore(0)
    [alone] = asyncio.run(dictate_once(url))
    wav = tmp_path / "sentence.wav"
    soundfile.write(wav, spoken_sentence(), RATE_HZ, subtype="PCM_16")
    with ThreadPoolExecutor(1 + THEIRS) as pool:
        ours = pool.submit(lambda: asyncio.run(dictate_all(url, done, begun.release)))
        theirs = [pool.submit(published_dictations, published, proxy.port, wav, done) for _ in range(THEIRS)]
        try:
            assert all(begun.acquire(timeout=60) for _ in range(OURS))
            drained_s = replace_in_turn(proxy, replicas)
        finally:
            done.set()
        dictated = ours.result()
        committed = [each for client in theirs for each in client.result()]
    _print(dictated, committed, drained_s)
    for each in dictated:
        assert [each.finals_of(sentence) for sentence in range(each.sentences)] == [alone] * each.sentences
        assert len(each.finals) == len(alone) * each.sentences, "and nothing beside it"
        assert [final.text.strip() for final in each.finals] == [said] * len(each.finals)
        assert {(final.formatted or "").strip() for final in each.finals} == {SENTENCE}
        assert [command.name for command in each.commands] == ["delete"] * len(each.finals)
    assert sum(len(each.resumed) for each in dictated) >= OURS, "every dictation met a replica that left"
    assert all(each == committed[0] and each for each in committed), committed
    assert max(drained_s) < DRAIN_S + 5


async def dictate_once(url: str) -> list[list[str]]:
    """Return the texts of one sentence, with nothing else going on."""
    once = threading.Event()
    once.set()
    return [(await dictate(url, once)).finals_of(0)]


def _print(dictated: list[Dictated], committed: list[list[str]], drained_s: list[float]) -> None:
    """Print the figures of docs/operations.md."""
    sentences = sum(each.sentences for each in dictated)
    finals = sum(len(each.finals) for each in dictated)
    commands = sum(len(each.commands) for each in dictated)
    back = [same for each in dictated for same in each.resumed]
    sys.stdout.write(
        f"\n{len(dictated)} dictations of ours: {sentences} sentences, {finals} finals,"
        f" {commands} spoken commands, {len(back)} times back, of them {sum(back)} in the same session;"
        f" {len(committed)} dictations of the published client; replicas drained in"
        f" {', '.join(f'{each:.1f}' for each in drained_s)} s\n"
    )
