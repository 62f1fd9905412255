"""The first signal asks, the second one ends."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from carabin.service.shutdown import SIGNALS, StopFlag, stop_on_signals


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_sets_the_flag_and_wakes_who_waits(handlers: None, number: signal.Signals) -> None:
    flag = stop_on_signals()
    woken = threading.Event()
    waiter = threading.Thread(target=lambda: flag.wait() and woken.set())
    waiter.start()
    assert not flag.is_set()
    signal.raise_signal(number)
    waiter.join()
    assert woken.is_set()
    assert flag.reason == number.name


def test_the_first_reason_stays() -> None:
    flag = StopFlag()
    assert not flag.wait(0)
    flag.set("finished")
    flag.set("SIGTERM")
    assert flag.wait(0)
    assert flag.reason == "finished"


def test_a_second_signal_ends_the_process_at_once() -> None:
    program = (
        "from carabin.service.shutdown import stop_on_signals\n"
        "import threading\n"
        "flag = stop_on_signals()\n"
        "print('ready', flush=True)\n"
        "flag.wait()\n"
        "print('asked', flush=True)\n"
        "threading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == -signal.SIGTERM
