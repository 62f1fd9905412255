"""Push-to-talk: what is passed on between two presses, and that nothing else reaches the server."""

import asyncio
import signal
import sys
import types

import numpy as np
import pytest
from carabin.cli.commands.dictate.push_to_talk import FLUSH, PushToTalk
from carabin.cli.main import main
from carabin.transcriber.testing.server import RATE_HZ, serving, speech

BLOCK = np.zeros(1600, np.float32)


def kinds(parts):
    return ["flush" if part is FLUSH else "audio" for part in parts]


def test_nothing_is_passed_on_before_the_first_key():
    assert PushToTalk().push(BLOCK) == ()


@pytest.mark.parametrize("key", [" ", "\r", "\n"])
def test_key_starts_and_stops_and_the_stop_flushes_once(key):
    button = PushToTalk()
    assert button.press(key)
    assert button.talking
    assert kinds(button.push(BLOCK)) == ["audio"]
    assert button.press(key)
    assert not button.talking
    assert kinds(button.push(BLOCK)) == ["audio", "flush"]
    assert button.push(BLOCK) == ()


def test_other_keys_change_nothing():
    button = PushToTalk()
    assert not any(button.press(key) for key in ("a", "\x1b", "\x04", "é"))
    assert not button.talking


def test_stop_and_start_within_one_block_still_flush():
    button = PushToTalk()
    button.press(" ")
    button.push(BLOCK)
    button.press(" ")
    button.press(" ")
    assert kinds(button.push(BLOCK)) == ["audio", "flush"]
    assert kinds(button.push(BLOCK)) == ["audio"]


def test_only_what_was_said_while_talking_reaches_the_server(terminal, monkeypatch, capsys):
    """A microphone that is a script: it presses keys between blocks of what the fake writes as words."""

    class Stream:
        def __init__(self, rate_hz, size, channels, dtype, callback, finished_callback):
            assert (rate_hz, channels, dtype) == (RATE_HZ, 1, "float32")
            self._say = lambda s: [callback(block[:, None], size, None, None) for block in speech(s).reshape(-1, size)]

        def __enter__(self):
            loop = asyncio.get_running_loop()
            self._say(2.0)
            # Behind the blocks before it in the loop's queue, as a key between two blocks would be.
            for said_s in (0.7, 2.0, 0.3, 2.0):
                loop.call_soon(buttons[0].toggle)
                self._say(said_s)
            loop.call_soon(signal.raise_signal, signal.SIGINT)

        def __exit__(self, *_):
            pass

    buttons = []
    made = PushToTalk.__init__
    monkeypatch.setattr(PushToTalk, "__init__", lambda self: (made(self), buttons.append(self))[0])
    monkeypatch.setitem(
        sys.modules, "sounddevice", types.SimpleNamespace(InputStream=Stream, PortAudioError=RuntimeError)
    )
    with serving() as server:
        assert main(["dictate", "--mic", "--push-to-talk", "-q", "--server", server.url]) == 0
    # Each take has 0.1 s more, the block during which it ended; without the flush the two would be one text.
    assert capsys.readouterr().out == "le patient\nle\n"


def test_push_to_talk_needs_the_microphone(capsys):
    assert main(["dictate", "a.wav", "--push-to-talk"]) == 2
