"""What bench/swap.py counts, on dictations whose losses are known beforehand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[1] / "bench"
SAID = ("le patient va bien", "pas de fièvre", "genou droit")


@pytest.fixture(autouse=True)
def bench_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def received(*finals):
    """Return what was received: (text, start, end)."""
    from carabin.client import FinalText
    from live_client import Received

    events = [
        (end_s, FinalText(number, start_s, end_s, text, None, None, None))
        for number, (text, start_s, end_s) in enumerate(finals)
    ]
    return Received(events)


def speaker():
    from live_audio import Speaker, Spoken

    return Speaker(np.zeros(16_000, np.float32), [Spoken(text, 4.0 * n, 4.0 * n + 2) for n, text in enumerate(SAID)])


def sentences(numbers: Sequence[int]):
    return received(*((f" {SAID[number].capitalize()}.", 4.0 * number, 4.0 * number + 2) for number in numbers))


def test_a_sentence_that_is_lost_counts_though_another_is_won():
    from swap import lost

    assert lost(speaker(), sentences([0, 1]), sentences([0, 2])) == 1
    assert lost(speaker(), sentences([0, 1]), sentences([0, 1, 2])) == 0


def test_a_sentence_that_is_written_twice_counts_though_no_final_overlaps_another():
    from swap import repeated

    twice = received((" Genou droit.", 8.0, 10.0), (" genou droit", 10.0, 12.0))
    assert repeated(sentences([0, 1, 2]), twice) == 1
    assert repeated(sentences([0, 1, 2]), sentences([0, 1])) == 0


def test_what_is_said_twice_or_written_otherwise_is_no_repetition():
    from swap import repeated

    assert repeated(sentences([0, 0]), sentences([0, 0])) == 0
    assert repeated(sentences([0]), received((" Le patient.", 0.0, 1.0), (" Va bien.", 1.0, 2.0))) == 0
