"""Push-to-talk from a terminal or by a signal: keys arrive one by one, and the terminal is left as it was."""

import asyncio
import os
import signal
import sys
import termios

import pytest
from carabin.cli.commands.dictate.keyboard import keys_toggle, signal_toggles
from carabin.cli.commands.dictate.push_to_talk import PushToTalk
from carabin.cli.main import main


async def test_keys_of_a_terminal_toggle_without_enter_and_its_modes_come_back(terminal):
    before = termios.tcgetattr(sys.stdin.fileno())
    notified: asyncio.Queue[str] = asyncio.Queue()
    button = PushToTalk()

    async def fail_while_keys_are_read():
        with keys_toggle(button, lambda: None, notified.put_nowait):
            assert "Space or Enter" in await notified.get()
            os.write(terminal, b"x ")
            assert await asyncio.wait_for(notified.get(), 5) == "talking"
            os.write(terminal, b"\r")
            assert await asyncio.wait_for(notified.get(), 5) == "silent"
            assert termios.tcgetattr(sys.stdin.fileno()) != before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_while_keys_are_read()
    assert termios.tcgetattr(sys.stdin.fileno()) == before


async def test_signal_toggles_whatever_window_has_the_focus():
    notified: asyncio.Queue[str] = asyncio.Queue()
    button = PushToTalk()
    with signal_toggles(button, notified.put_nowait):
        assert str(os.getpid()) in await notified.get()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert await asyncio.wait_for(notified.get(), 5) == "talking"


def test_without_a_terminal_one_sentence_says_so(monkeypatch, capsys):
    with open(os.devnull) as nowhere:
        monkeypatch.setattr(sys, "stdin", nowhere)
        assert main(["dictate", "--mic", "--push-to-talk"]) == 1
    err = capsys.readouterr().err
    assert "standard input is no terminal" in err
    assert err.count("\n") == 1
