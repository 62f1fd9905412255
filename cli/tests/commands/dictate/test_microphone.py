"""The microphone of a dictation: no block is lost in silence, and one that stops is noticed."""

import asyncio
import json
import sys
import types

import numpy as np
import pytest
from carabin.cli.commands.dictate import microphone as module
from carabin.cli.commands.dictate.audio import AudioRefused
from carabin.cli.commands.dictate.microphone import microphone
from carabin.cli.commands.dictate.push_to_talk import PushToTalk
from carabin.cli.main import main
from carabin.transcriber.testing.server import serving


class Overflow:
    input_overflow = True


class Microphone:
    """Records three blocks as soon as it is opened, and remembers that it was closed."""

    level = 1.0
    status: tuple[Overflow | None, ...] = (None, None, None)
    unplugged = False
    at_close = False
    """The block in hand is given when the stream is closed, as PortAudio does."""

    def __init__(self, _rate_hz, size, channels, dtype, callback, finished_callback):
        self.closed = False
        self._finished = finished_callback
        self._record = lambda number, status=None: callback(
            np.full((size, 1), self.level * number, dtype), size, None, status
        )
        opened.append(self)

    def __enter__(self):
        for number, status in enumerate(self.status):
            self._record(number, status)
        if self.unplugged:
            self._finished()

    def __exit__(self, *_):
        if self.at_close:
            self._record(len(self.status))
        self._finished()
        self.closed = True


opened: list[Microphone] = []


def plug(monkeypatch, **how):
    kind = type("Plugged", (Microphone,), how)
    replace(monkeypatch, kind)


def replace(monkeypatch, stream):
    package = types.SimpleNamespace(InputStream=stream, PortAudioError=RuntimeError)
    monkeypatch.setitem(sys.modules, "sounddevice", package)


def test_microphone_without_its_package_or_device_says_so(capsys):
    with serving() as server:
        assert main(["dictate", "--mic", "--server", server.url]) == 1
    assert "microphone" in capsys.readouterr().err


async def test_what_was_recorded_before_the_end_is_not_lost_and_the_microphone_is_closed(monkeypatch):
    plug(monkeypatch, at_close=True)
    stop = asyncio.Event()
    parts = []
    async for part in microphone(stop):
        parts.append(part)
        stop.set()
    assert [part[0] for part in parts] == [0, 1, 2, 3]
    assert opened.pop().closed


async def test_microphone_that_cannot_be_opened_is_refused(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise RuntimeError

    replace(monkeypatch, refuse)
    with pytest.raises(AudioRefused, match="no microphone can be opened"):
        await anext(microphone(asyncio.Event()))


@pytest.mark.parametrize("unplugged", [True, False], ids=["finished", "no further block"])
async def test_microphone_that_stops_is_refused_behind_all_that_it_recorded(monkeypatch, unplugged):
    plug(monkeypatch, unplugged=unplugged)
    monkeypatch.setattr(module, "SILENT_S", 0.05)
    parts = []

    async def record():
        async for part in microphone(asyncio.Event()):
            parts.append(part)

    with pytest.raises(AudioRefused, match="the microphone stopped"):
        await asyncio.wait_for(record(), 30)
    assert [part[0] for part in parts] == [0, 1, 2]
    assert opened.pop().closed


@pytest.mark.parametrize(("talking", "counted"), [(True, 2), (False, 0)])
async def test_sound_that_the_machine_lost_is_counted_but_for_what_is_not_sent(monkeypatch, talking, counted):
    plug(monkeypatch, status=(Overflow(), Overflow(), Overflow()))
    button = PushToTalk()
    button.talking = talking
    lost = []
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    async for _ in microphone(stop, button, overflowed=lambda: lost.append(1)):
        pass
    assert len(lost) == counted, "what the first block tells of lies before the recording"


def test_dictation_whose_microphone_is_unplugged_ends_with_1_and_its_text(monkeypatch, capsys):
    plug(monkeypatch, unplugged=True)
    with serving() as server:
        assert main(["dictate", "--mic", "-q", "--json", "--server", server.url]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["complete"] is False
    assert document["segments"], "what was said before is final"
    assert "the microphone stopped" in err


def test_dictation_of_which_the_machine_lost_sound_says_so_and_ends_with_1(monkeypatch, capsys):
    plug(monkeypatch, status=(None, Overflow(), None), unplugged=True)
    with serving() as server:
        assert main(["dictate", "--mic", "-q", "--json", "--server", server.url]) == 1
    out, err = capsys.readouterr()
    assert "sound was lost 1 time" in json.loads(out)["warnings"][0]
    assert "sound was lost 1 time" in err
