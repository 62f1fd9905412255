"""`carabin dictate`: the transcript on standard output, the rest on standard error, and a truthful exit code."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.cli.main import main
from carabin.transcriber.core.errors import Overloaded
from carabin.transcriber.core.events import SessionWarning
from carabin.transcriber.testing.server import serving, silence, speech
from carabin.transcriber.testing.transcriber import FakeTranscriber


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "dictation.wav"
    soundfile.write(path, np.concatenate([speech(0.8), silence(1), speech(0.3)]), 16_000)
    return path


def test_text_is_on_standard_output_and_live_text_on_standard_error(recording, capsys):
    with serving() as server:
        assert main(["dictate", str(recording), "--server", server.url, "--fast"]) == 0
    out, err = capsys.readouterr()
    assert out == "le patient\nle\n"
    assert "[fake-1]" in err


def test_srt_and_json(recording, capsys):
    with serving() as server:
        assert main(["dictate", str(recording), "--server", server.url, "--fast", "-q", "--format", "srt"]) == 0
        assert capsys.readouterr().out.startswith("1\n00:00:00,000 --> 00:00:00,800\nle patient\n\n2\n")
        assert main(["dictate", str(recording), "--server", server.url, "--fast", "-q", "--json", "--words"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["complete"] is True
    assert [each["text"] for each in document["segments"]] == [" le patient", " le"]
    assert document["segments"][0]["words"][0]["word"] == " le"
    assert document["segments"][0]["model_version"] == "fake-1"


def test_recording_is_sent_at_the_pace_of_speech(recording, capsys):
    from time import monotonic

    with serving() as server:
        started_s = monotonic()
        assert main(["dictate", str(recording), "--server", server.url, "-q"]) == 0
        assert monotonic() - started_s >= 2.0


def test_server_that_breaks_half_way_is_an_error_and_what_was_final_is_written(recording, capsys):
    class Breaking(FakeTranscriber):
        def open(self, config, identity=None, *, recording=False):
            dictation = super().open(config, identity, recording=recording)
            dictation.finish = lambda: _fail(dictation)
            return dictation

    async def _fail(dictation):
        dictation.fail("the engine is gone")

    with serving(Breaking()) as server:
        assert main(["dictate", str(recording), "--server", server.url, "--fast", "-q", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["complete"] is False
    assert len(json.loads(out)["segments"]) == 1
    assert "the engine is gone" in err


@pytest.mark.parametrize(
    ("script", "written"), [(("Annule.",), []), (("Genou", "droit.", "Efface", "ça."), ["Genou droit"])]
)
def test_a_spoken_command_is_never_written_and_it_is_said_that_it_was_not_carried_out(
    script, written, tmp_path, capsys
):
    soundfile.write(tmp_path / "a.wav", np.concatenate([speech(0.4 * len(script) - 0.1), silence(1)]), 16_000)
    arguments = ["dictate", str(tmp_path / "a.wav"), "--fast", "-q"]
    with serving(FakeTranscriber(script=script)) as server:
        assert main([*arguments, "--server", server.url]) == 0
        out, err = capsys.readouterr()
        assert [line.rstrip(".") for line in out.splitlines()] == written
        assert "was not carried out" in err
        assert main([*arguments, "--server", server.url, "--format", "srt"]) == 0
        assert capsys.readouterr().out.count("-->") == len(written)
        assert main([*arguments, "--server", server.url, "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert any("was not carried out" in warning for warning in warnings)


def test_a_warning_of_the_server_reaches_a_quiet_terminal_and_the_json(recording, capsys):
    class Warns(FakeTranscriber):
        def open(self, config, identity=None, *, recording=False):
            dictation = super().open(config, identity, recording=recording)
            dictation.emit(SessionWarning("sample_rate", "the sound seems to be of another rate"))
            return dictation

    with serving(Warns()) as server:
        assert main(["dictate", str(recording), "--server", server.url, "--fast", "-q", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["warnings"] == ["the sound seems to be of another rate"]
    assert err == "warning: the sound seems to be of another rate\n"


def test_full_server_and_no_server_are_refusals_with_one_sentence(recording, capsys):
    transcriber = FakeTranscriber()
    transcriber.refuse_with = Overloaded(retry_after_s=90)
    with serving(transcriber) as server:
        assert main(["dictate", str(recording), "--server", server.url]) == 1
    assert "the server is full" in capsys.readouterr().err
    assert main(["dictate", str(recording), "--server", "ws://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_key_comes_from_the_environment(recording, capsys, monkeypatch):
    monkeypatch.setenv("CARABIN_TOKEN", "correct-horse-battery")
    with serving(api_keys="ward:correct-horse-battery") as server:
        assert main(["dictate", str(recording), "--server", server.url, "--fast", "-q"]) == 0
        assert server.transcriber.identities == ["ward"]


@pytest.mark.parametrize("arguments", [[], ["a.wav", "--mic"], ["a.wav", "--format", "docx"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    assert main(["dictate", *arguments]) == 2


def test_serve_refuses_an_open_network_with_one_sentence(capsys, tmp_path):
    assert main(["serve", "--host", "0.0.0.0", "--model-dir", str(tmp_path)]) == 1
    assert "without authentication" in capsys.readouterr().err
