"""Ctrl-C asks work to stop at its next step, once; the second time it ends the program as always."""

import signal

import pytest
from carabin.cli.interruption import until_interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_and_the_second_does_what_it_did_before(number: signal.Signals) -> None:
    seen: list[int] = []
    before = signal.signal(number, lambda found, _frame: seen.append(found))
    try:
        with until_interrupted() as stop:
            assert not stop.is_set()
            signal.raise_signal(number)
            assert (stop.is_set(), seen) == (True, [])
            signal.raise_signal(number)
            assert seen == [number]
    finally:
        signal.signal(number, before)


def test_handlers_are_as_they_were_when_the_work_is_over_or_failed() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ValueError, match="failed"), until_interrupted():
        raise ValueError("failed")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
