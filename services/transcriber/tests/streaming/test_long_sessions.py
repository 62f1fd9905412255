"""What a session costs later is what it cost in its first minutes; and clients that keep no time."""

import gc
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig
from carabin.transcriber.core.events import Event
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import Bench, loudness_vad, silence, speech

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")

MINUTE = np.concatenate([*[speech(3.0), silence(0.7)] * 8, speech(25.0), silence(5.4)])
"""Eight sentences, then somebody who does not pause, then a pause."""
QUIET_MINUTE = silence(60)


class LastEvents(list[Event]):
    """Keeps nothing: what a session emits is not what it holds."""

    def append(self, event: Event) -> None:
        pass


@pytest.mark.parametrize("minute", [MINUTE, QUIET_MINUTE], ids=["speech", "silence"])
def test_twelve_minutes_hold_no_more_than_the_first(minute: Samples) -> None:
    bench, waiting, held = Bench(events=LastEvents()), [], []
    tracemalloc.start()
    try:
        for _ in range(12):
            bench.push(minute, packet_s=0.25)
            bench.engine.batches.clear()
            waiting.append(tracemalloc.get_traced_memory()[0])
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[-1] - held[2] < 10_000
    assert max(waiting) < 500_000, "an utterance's audio waits for no garbage collector"


def test_the_last_minute_decodes_each_minute_as_often_and_in_as_long_windows_as_the_first() -> None:
    bench = Bench(events=LastEvents())
    decoded = []
    for _ in range(20):
        bench.push(MINUTE, packet_s=0.25)
        decoded.append(
            (len(bench.engine.batches), sum(len(r.samples) for batch in bench.engine.batches for r in batch))
        )
        bench.engine.batches.clear()
    assert decoded[-1] == pytest.approx(decoded[1], rel=0.05)


def test_an_hour_of_silence_writes_nothing_and_is_acknowledged() -> None:
    bench = Bench()
    for _ in range(60):
        bench.push(QUIET_MINUTE, packet_s=1.0)
    assert not bench.engine.batches
    assert not bench.finals
    assert bench.session.accepts_audio


def spoken(bench: Bench) -> list[tuple[float, float, str]]:
    return [(round(final.start_s, 2), round(final.end_s, 2), final.text) for final in bench.finals]


SENTENCES = np.concatenate([*[speech(2.5), silence(0.8)] * 6, silence(2)])


@pytest.mark.parametrize("speed", [0.5, 3.0, 50.0])
def test_a_client_at_another_speed_gets_the_same_finals(speed: float) -> None:
    expected, odd = Bench(), Bench()
    expected.push(SENTENCES)
    expected.flush()
    for i in range(0, len(SENTENCES), 1600):
        packet = SENTENCES[i : i + 1600]
        odd.time_s += len(packet) / SAMPLE_RATE_HZ / speed
        odd.session.push(packet)
        odd.decode()
    odd.flush()
    assert spoken(odd) == spoken(expected)


@pytest.mark.parametrize("packet", [1, 7, 513, 48_000, 60 * SAMPLE_RATE_HZ])
def test_packets_of_any_size_give_the_same_finals(packet: int) -> None:
    expected, odd = Bench(), Bench()
    audio = SENTENCES[: 100_000 if packet < 10 else None]  # of single samples six seconds are enough
    expected.push(audio)
    expected.flush()
    for i in range(0, len(audio), packet):
        odd.session.push(audio[i : i + packet])
        if i % 512 < packet:
            odd.decode()
    odd.flush()
    assert spoken(odd) == spoken(expected)


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_machine_that_slept_in_mid_sentence_loses_and_repeats_nothing(jump_s: float) -> None:
    bench = Bench()
    bench.push(speech(2.0))
    bench.time_s += jump_s
    bench.session.tick()
    bench.decode()
    bench.push(speech(2.0), silence(1.0))
    bench.flush()
    ends = [final.end_s for final in bench.finals]
    assert ends == sorted(ends)
    assert sum(final.text.count("mot") for final in bench.finals) == 8, "a word each half second"


def test_noise_without_voice_activity_detection_still_becomes_final_and_is_not_written_twice() -> None:
    bench = Bench(FakeEngine(), SessionConfig(use_vad=False))
    noise = np.random.default_rng(1).normal(0, 0.05, 60 * SAMPLE_RATE_HZ).astype(np.float32)
    bench.push(noise, packet_s=0.1)
    bench.flush()
    spans = [(final.start_s, final.end_s) for final in bench.finals]
    assert len(spans) >= 3
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(spans))


def test_two_who_speak_in_turn_without_a_pause_are_cut_and_nothing_is_lost() -> None:
    bench = Bench()
    bench.push(*[loudness * speech(1.7) for _ in range(12) for loudness in (1.0, 0.2)])
    bench.flush()
    assert sum(final.text.count("mot") for final in bench.finals) == pytest.approx(2 * 2 * 12 * 1.7, abs=3)
    assert all(final.end_s - final.start_s <= 13 for final in bench.finals)
