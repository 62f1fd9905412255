"""The judge of the tests that break something under a dictation: it must see what is lost."""

import pytest

from .dictations import Dictated, require_nothing_lost
from .speech import RATE_HZ, spoken_sentence

LENGTH_S = len(spoken_sentence()) / RATE_HZ
ALONE = Dictated([(1.0, 2.0, " le patient"), (2.5, 3.0, " va bien.")], 1)


def repeated(times: int) -> Dictated:
    finals = [
        (start_s + number * LENGTH_S, end_s + number * LENGTH_S, text)
        for number in range(times)
        for start_s, end_s, text in ALONE.finals
    ]
    return Dictated(finals, times)


def test_a_dictation_that_has_every_repetition_passes() -> None:
    require_nothing_lost(repeated(3), ALONE)


@pytest.mark.parametrize(
    "spoken",
    [Dictated([], 3), repeated(2)._replace(repetitions=3), Dictated(repeated(3).finals[:-1], 3)],
    ids=["all", "the last repetition", "the last final"],
)
def test_a_dictation_that_lost_something_fails(spoken: Dictated) -> None:
    with pytest.raises(AssertionError):
        require_nothing_lost(spoken, ALONE)


def test_a_sentence_of_which_nothing_is_written_alone_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="nothing could be lost"):
        require_nothing_lost(Dictated([], 3), Dictated([], 1))
