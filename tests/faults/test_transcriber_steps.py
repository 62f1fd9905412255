"""A real transcriber that dies, or lacks disk, memory or the right time, at any step of a model's load or a dictation.

It serves again after a restart, from a cache without half versions, or serves on and says what is missing until it is
there. By default each fault meets some of the steps of a load; `CARABIN_TEST_FAULTS=all` gives each step every fault.
"""

import asyncio
import itertools
import re
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from carabin.client import FinalText, Options, connect
from carabin.registry.settings import StoreSettings

from .conftest import at_share, first_of_each_kind, shares
from .dictations import PACKET, Ranges, dictate, require_nothing_lost, tiny_model
from .forked import ForkServer
from .forked_transcriber import ForkedTranscriber, transcriber_forks
from .speech import RATE_HZ, spoken_sentence

MOST_KINDS = 60
"""More than a load has."""
CLOCKS = ("clock ahead", "clock behind", "clock far ahead for a while", "clock far behind for a while")
AWAY = "127.0.0.1:1"
NOT_FOR_TWO_BYTES = 100 << 20
"""Enough to load the tiny model, and less than the service holds necessary for one more."""
models = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with transcriber_forks(tmp_path_factory.mktemp("forks")) as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def transcriber(server: ForkServer, store: StoreSettings, files: Path, tmp_path: Path) -> Iterator[ForkedTranscriber]:
    found = ForkedTranscriber(server, store, f"steps-{next(models)}", files, tmp_path)
    yield found
    if server.pid:
        found.stop()


@pytest.fixture(scope="module")
def kinds(server: ForkServer, store: StoreSettings, files: Path, tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """The number of the first step of each kind that a first load has."""
    folder = tmp_path_factory.mktemp("undisturbed")
    transcriber = ForkedTranscriber(server, store, "undisturbed", files, folder)
    version = transcriber.promote_next()
    transcriber.start(log=folder / "steps")
    transcriber.until_ready(version)
    transcriber.stop()
    transcriber.require_sound_cache(version)
    return first_of_each_kind((folder / "steps").read_text().splitlines())


@pytest.mark.parametrize(("fault", "share"), shares(["killed"], MOST_KINDS, each=4))
def test_a_transcriber_killed_at_any_step_of_a_load_serves_after_a_restart(
    fault: str, share: float, transcriber: ForkedTranscriber, kinds: list[int]
) -> None:
    version = transcriber.promote_next()
    transcriber.start(at_share(share, MOST_KINDS, kinds), fault)
    transcriber.until_decided()
    transcriber.stop()
    transcriber.start()
    transcriber.until_ready(version)
    transcriber.stop()
    transcriber.require_sound_cache(version)


@pytest.mark.parametrize(("fault", "share"), shares(["disk full"], MOST_KINDS, each=3))
def test_a_disk_that_is_full_at_any_step_of_a_load_is_named_and_the_model_serves_once_there_is_room(
    fault: str, share: float, transcriber: ForkedTranscriber, kinds: list[int]
) -> None:
    version = transcriber.promote_next()
    transcriber.start(at_share(share, MOST_KINDS, kinds), fault)
    ready, reason = transcriber.until_decided()
    assert ready or "cannot write" in reason
    transcriber.give_room()
    transcriber.until_ready(version)
    transcriber.stop()
    transcriber.start()
    transcriber.until_ready(version)
    transcriber.stop()
    transcriber.require_sound_cache(version)


@pytest.mark.parametrize(("fault", "share"), shares(["memory short"], MOST_KINDS, each=3))
def test_a_machine_short_of_memory_at_any_step_of_a_load_serves_once_there_is_some(
    fault: str, share: float, transcriber: ForkedTranscriber, kinds: list[int]
) -> None:
    version = transcriber.promote_next()
    transcriber.start(at_share(share, MOST_KINDS, kinds), fault)
    transcriber.until_decided()
    if transcriber.server.alive:
        transcriber.give_room()
    if not transcriber.lives():  # native code that gets no memory, or no thread, ends its process or blocks for ever
        transcriber.server.kill_now()
        transcriber.server.wait()
        transcriber.start()
    transcriber.until_ready(version)


@pytest.mark.parametrize(("fault", "share"), shares(CLOCKS, MOST_KINDS, each=1))
def test_a_clock_that_jumps_at_any_step_of_a_load_delays_it_at_most(
    fault: str, share: float, transcriber: ForkedTranscriber, kinds: list[int]
) -> None:
    version = transcriber.promote_next()
    transcriber.start(at_share(share, MOST_KINDS, kinds), fault)
    transcriber.until_ready(version)


def test_a_load_has_no_more_kinds_of_steps_than_are_broken(kinds: list[int]) -> None:
    assert 10 < len(kinds) <= MOST_KINDS


@contextmanager
def speaking(transcriber: ForkedTranscriber) -> Iterator[None]:
    """Dictate for as long as the block lasts; what was said must have been written."""
    alone = asyncio.run(dictate(transcriber))
    over = threading.Event()
    with ThreadPoolExecutor(1) as speaker:
        spoken = speaker.submit(asyncio.run, dictate(transcriber, over))
        try:
            yield
        finally:
            over.set()
        require_nothing_lost(spoken.result(), alone)


def until_refused(transcriber: ForkedTranscriber, version: str) -> str:
    """Wait until this version was refused; return the reason."""

    def refused() -> bool:
        _, model = transcriber.ask("/v1/model")
        return (model["state"], model["target"]) == ("failed", version)

    transcriber.wait_until(refused, f"{version} is refused")
    reason: str = transcriber.ask("/v1/model")[1]["reason"]
    return reason


def test_a_disk_that_fills_up_before_a_swap_costs_no_dictation_and_the_swap_comes_once_there_is_room(
    transcriber: ForkedTranscriber,
) -> None:
    old = transcriber.promote_next()
    transcriber.start()
    transcriber.until_ready(old)
    with speaking(transcriber):
        transcriber.limit(resource.RLIMIT_FSIZE, 0)
        new = transcriber.promote_next()
        assert "cannot write" in until_refused(transcriber, new)
        assert transcriber.readiness()[0::2] == (True, old)
        transcriber.give_room()
        transcriber.until_ready(new)
    transcriber.stop()
    transcriber.require_sound_cache(new, old)


def test_a_process_without_memory_for_two_models_refuses_the_new_one_with_both_figures_until_there_is_some(
    transcriber: ForkedTranscriber,
) -> None:
    old = transcriber.promote_next()
    transcriber.start()
    transcriber.until_ready(old)
    with speaking(transcriber):
        transcriber.leave_memory(NOT_FOR_TWO_BYTES)
        new = transcriber.promote_next()
        reason = until_refused(transcriber, new)
        assert re.match(r"it needs \d+ MiB and \d+ MiB are free; .*swap_when_short=drain", reason)
        assert transcriber.readiness()[0::2] == (True, old)
        transcriber.give_room()
        transcriber.until_ready(new)


def test_a_process_without_memory_for_two_models_drains_where_that_was_chosen_and_loses_no_word(
    transcriber: ForkedTranscriber,
) -> None:
    old = transcriber.promote_next()
    transcriber.start(swap_when_short="drain")
    transcriber.until_ready(old)
    with speaking(transcriber):
        transcriber.leave_memory(NOT_FOR_TWO_BYTES)
        for _ in range(3):
            new = transcriber.promote_next()
            transcriber.until_ready(new)
    assert '"model_drain"' in transcriber.stop().output


def test_a_dictation_outlives_the_death_of_its_server_when_one_starts_without_the_store(
    transcriber: ForkedTranscriber,
) -> None:
    version = transcriber.promote_next()
    transcriber.start()
    transcriber.until_ready(version)
    alone = asyncio.run(dictate(transcriber))

    def restart() -> None:
        transcriber.stop()
        transcriber.start(endpoint=AWAY)
        transcriber.until_ready(version)

    finals = asyncio.run(dictate_over(transcriber, 4, 2, restart))
    length_s = len(spoken_sentence()) / RATE_HZ
    for repetition, (start_s, end_s, _) in itertools.product(range(4), alone.finals):
        first_s, last_s = start_s + repetition * length_s, end_s + repetition * length_s
        covered_s = sum(max(0.0, min(last_s, end) - max(first_s, start)) for start, end, _ in finals)
        assert covered_s > 0.8 * (last_s - first_s), (repetition, finals)


async def dictate_over(transcriber: ForkedTranscriber, count: int, at: int, restart: Callable[[], None]) -> Ranges:
    """Dictate the sentence `count` times, and restart the server in the middle of repetition `at`."""
    samples = spoken_sentence()
    async with connect(transcriber.websocket, Options()) as dictation:
        for repetition in range(count):
            for place in range(0, len(samples), PACKET):
                await dictation.send(samples[place : place + PACKET])
                await asyncio.sleep(PACKET / RATE_HZ / 2)
                if repetition == at and place <= len(samples) // 2 < place + PACKET:
                    await asyncio.to_thread(restart)
        await dictation.finish()
        return [(final.start_s, final.end_s, final.text) async for final in dictation if isinstance(final, FinalText)]


@pytest.mark.parametrize("fault", ["clock far ahead", "clock far behind"])
def test_a_clock_that_jumps_by_hours_ends_no_dictation(fault: str, transcriber: ForkedTranscriber) -> None:
    version = transcriber.promote_next()
    transcriber.start()
    transcriber.until_ready(version)
    alone = asyncio.run(dictate(transcriber))
    transcriber.stop()
    transcriber.start(40, fault)  # a look at the store behind the load: half a second is four steps
    transcriber.until_ready(version)
    over = threading.Event()
    with ThreadPoolExecutor(1) as speaker:
        spoken = speaker.submit(asyncio.run, dictate(transcriber, over))
        try:
            transcriber.wait_until(
                lambda: transcriber.metric("carabin_transcriber_store_away") == 1, "the store refuses its time"
            )
        finally:
            over.set()
        require_nothing_lost(spoken.result(), alone)
    assert transcriber.readiness()[0]
