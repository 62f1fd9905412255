"""`--type`: what the tool is given, and what is said where there is none."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.cli.commands.dictate.typist import TypingRefused, Typist, printable
from carabin.cli.main import main
from carabin.transcriber.testing.server import serving, silence, speech
from carabin.transcriber.testing.transcriber import FakeTranscriber


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with a display beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "dictation.wav"
    soundfile.write(path, np.concatenate([speech(0.8), silence(1), speech(0.3)]), 16_000)
    return path


def stub(folder: Path, name: str, code: str = "exit 0") -> Path:
    """Put a tool there that records its arguments and what it reads; return where."""
    record = folder.parent / f"{name}.txt"
    tool = folder / name
    tool.write_text(f'#!/bin/sh\nprintf "<%s>" "$@" >> {record}\n/bin/cat >> {record}\necho >> {record}\n{code}\n')
    tool.chmod(0o755)
    return record


def test_each_final_goes_to_xdotool_through_its_standard_input(tools, recording, capsys):
    record = stub(tools, "xdotool")
    with serving() as server:
        assert main(["dictate", str(recording), "--type", "--fast", "-q", "--server", server.url]) == 0
    call = "<type><--clearmodifiers><--file><->"
    assert record.read_text() == f"{call}\n{call}le patient \n{call}le \n"
    assert capsys.readouterr().out == "le patient\nle\n"


def test_a_spoken_command_is_not_typed(tools, recording, capsys):
    soundfile.write(recording, np.concatenate([speech(0.3), silence(1)]), 16_000)
    record = stub(tools, "xdotool")
    with serving(FakeTranscriber(script=("Annule.",))) as server:
        assert main(["dictate", str(recording), "--type", "--fast", "-q", "--server", server.url]) == 0
    assert "Annule" not in record.read_text()
    assert "was not carried out" in capsys.readouterr().err


async def test_text_that_looks_like_options_or_shell_is_only_text(tools):
    record = stub(tools, "xdotool")
    await Typist.find().type("--help; $(reboot) `id` 'é'")
    assert record.read_text() == "<type><--clearmodifiers><--file><->--help; $(reboot) `id` 'é' \n"


def test_wayland_goes_first_and_macos_has_its_own(tools):
    stub(tools, "xdotool"), stub(tools, "wtype"), stub(tools, "osascript")
    assert Typist.find("linux", {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":7"}).command[0].endswith("wtype")
    assert Typist.find("linux", {"DISPLAY": ":7"}).command[0].endswith("xdotool")
    assert Typist.find("darwin", {}).command[0].endswith("osascript")


async def test_macos_gets_the_script_on_standard_input_and_the_text_as_its_argument(tools):
    record = stub(tools, "osascript")
    await Typist.find("darwin", {}).type("-e le patient")
    assert record.read_text().startswith("<-><-e le patient >on run argv\n")


@pytest.mark.parametrize(("display", "sentence"), [(":7", "needs xdotool"), ("", "no display")])
def test_no_tool_or_no_display_is_said_before_anything_opens(tools, capsys, monkeypatch, display, sentence):
    monkeypatch.setenv("DISPLAY", display)
    assert main(["dictate", "--mic", "--type", "--server", "ws://127.0.0.1:9"]) == 1
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_display_that_cannot_be_opened_is_said_before_anything_opens(tools, capsys):
    stub(tools, "xdotool", "exit 1")
    assert main(["dictate", "--mic", "--type", "--server", "ws://127.0.0.1:9"]) == 1
    assert "xdotool cannot type into this display" in capsys.readouterr().err


async def test_failure_never_repeats_the_text(tools, capfd):
    stub(tools, "xdotool", "echo le patient >&2; exit 3")
    with pytest.raises(TypingRefused) as refused:
        await Typist.find().type("le patient")
    assert "patient" not in str(refused.value) + "".join(capfd.readouterr())


def test_control_characters_are_not_typed():
    assert printable("Bilan\u00a0: é\x1b[A\x03\tfin\n") == "Bilan\u00a0: é[A fin\n"
