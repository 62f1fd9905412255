"""Tests of speech engines: what a missing one needs, how a command is driven, and sounds that are none."""

import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.errors import EngineMissing, SynthesisFailed
from carabin.trainer.synthesis.engines import PicoEngine, open_engine
from carabin.trainer.synthesis.voices import SPEAKERS, Speaker

SECOND = "numpy.full(22050, .1), 22050"


class Command:
    """A program that stands for an engine's command: it writes down what it is given, and gives a sound."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._file = folder, folder / name
        self.gives(SECOND)

    def gives(self, sound: str) -> None:
        """Let it write `sound`, the arguments of `soundfile.write`, as WAV."""
        self.runs(
            "import io, numpy, soundfile\nfile = io.BytesIO()\n"
            f"soundfile.write(file, {sound}, format='WAV', subtype='FLOAT')\nsys.stdout.buffer.write(file.getvalue())"
        )

    def runs(self, program: str) -> None:
        said = self._folder / "said"
        self._file.write_text(
            f"#!{sys.executable}\nimport sys\n"
            f"open({str(said)!r}, 'w').write(' '.join(sys.argv[1:]) + '|' + sys.stdin.read())\n{program}\n"
        )
        self._file.chmod(self._file.stat().st_mode | stat.S_IXUSR)

    @property
    def said(self) -> str:
        """The arguments of the last run, and what came on its standard input."""
        return (self._folder / "said").read_text()


@pytest.fixture
def espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("PATH", str(tmp_path))
    return Command(tmp_path, "espeak-ng")


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("espeak-ng", "the engine espeak-ng is not installed: install the Debian package espeak-ng"),
        ("piper", "the engine piper is not installed: pip install piper-tts"),
        ("bark", "the engine bark needs its model: --voice FOLDER"),
        ("festival", "there is no speech engine 'festival': choose one of pico, espeak-ng, piper, bark"),
    ],
)
def test_a_missing_engine_says_what_it_needs(engine: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EngineMissing, match=sentence):
        open_engine(engine)


def test_pico_without_its_package_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py_nanotts", None)
    with pytest.raises(EngineMissing, match="needs the package py-nanotts: pip install py-nanotts"):
        open_engine("pico")


def test_a_folder_that_is_no_model_of_bark_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match=f"the engine bark cannot load {tmp_path}: "):
        open_engine("bark", tmp_path)


def test_speed_and_pitch_make_other_speakers() -> None:
    pico, text = PicoEngine(), "Auscultation sans particularité."
    slow, fast = (pico.speak(text, speaker) for speaker in (SPEAKERS[0], SPEAKERS[3]))
    assert len(slow) > 1.2 * len(fast)


@pytest.mark.parametrize(
    ("speaker", "arguments"),
    [
        (Speaker("vive", speed=1.5), "-v fr-fr -s 240 -p 50 --stdout Bonjour."),
        (Speaker("aigue", pitch=1.3), "-v fr-fr -s 160 -p 65 --stdout Bonjour."),
        (Speaker("haute", pitch=2.5), "-v fr-fr -s 160 -p 99 --stdout Bonjour."),
        (Speaker("belge", preset="fr-be"), "-v fr-be -s 160 -p 50 --stdout Bonjour."),
    ],
)
def test_espeak_is_driven_by_its_own_options(espeak: Command, speaker: Speaker, arguments: str) -> None:
    samples = open_engine("espeak-ng").speak("Bonjour.", speaker)
    assert len(samples) == 16_000, "a second of 22 kHz is a second of 16 kHz"
    assert espeak.said == f"{arguments}|"


def test_piper_reads_the_text_and_speaks_a_voice_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    piper, voice = Command(tmp_path, "piper"), tmp_path / "voix.onnx"
    for given, named in ((None, "none"), (voice, str(voice))):
        with pytest.raises(EngineMissing, match=rf"--voice FILE\.onnx \(given: {named}\)"):
            open_engine("piper", given)
    voice.write_bytes(b"")
    assert len(open_engine("piper", voice).speak("Ça va.", Speaker("vive", speed=1.5))) == 16_000
    assert piper.said == f"--model {voice} --length_scale 0.667 --output_file -|Ça va."


def test_two_channels_become_one(espeak: Command) -> None:
    espeak.gives("numpy.tile([.2, .4], (16000, 1)), 16000")
    np.testing.assert_allclose(open_engine("espeak-ng").speak("Bonjour.", SPEAKERS[0]), 0.3, atol=1e-6)


@pytest.mark.parametrize("sound", ["numpy.zeros(0)", "numpy.zeros(16000)", "numpy.full(16000, numpy.nan)"])
def test_a_sound_that_is_none_is_refused_with_its_text(espeak: Command, sound: str) -> None:
    espeak.gives(f"{sound}, 16000")
    with pytest.raises(SynthesisFailed, match=r"espeak-ng gave no sound for 'Bonjour\.'"):
        open_engine("espeak-ng").speak("Bonjour.", SPEAKERS[0])


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "print('no sound file')"])
def test_a_command_that_fails_or_gives_no_sound_file_is_said_with_its_text(espeak: Command, program: str) -> None:
    espeak.runs(program)
    with pytest.raises(SynthesisFailed, match=r"espeak-ng could not speak 'Bonjour\.': "):
        open_engine("espeak-ng").speak("Bonjour.", SPEAKERS[0])
