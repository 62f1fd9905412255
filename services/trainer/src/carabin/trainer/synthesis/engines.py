"""Speech engines behind one method: text in, 16 kHz mono out. Pico comes with Carabin; others say what they lack."""

import io
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import soundfile
from carabin.service.shortage import translate_shortage

from ..data.audio import RATE_HZ, resample
from ..errors import EngineMissing, SynthesisFailed
from .voices import Speaker

Samples = npt.NDArray[np.float32]
_TIMEOUT_S = 120.0
"""One sentence on a slow machine takes seconds; longer means that the engine hangs."""


class SpeechEngine(Protocol):
    """Speaks French."""

    name: str

    def speak(self, text: str, speaker: Speaker) -> Samples:
        """Return `text` as (n,) float32 samples in [-1, 1] at 16 kHz.

        Raises:
            SynthesisFailed: the engine gave no usable sound.
        """


class PicoEngine:
    """SVOX Pico's fr-FR voice through `py-nanotts`: small, offline, intelligible; not bit-equal from run to run."""

    name = "pico"

    def __init__(self) -> None:
        try:
            from py_nanotts import NanoTTS
        except ModuleNotFoundError as error:
            raise EngineMissing("the engine pico needs the package py-nanotts: pip install py-nanotts") from error
        self._voice = NanoTTS()

    def speak(self, text: str, speaker: Speaker) -> Samples:
        pcm = self._voice.speak(text, voice="fr-FR", speed=speaker.speed, pitch=speaker.pitch)
        return _checked(np.asarray(np.frombuffer(pcm, np.int16) / 32768, np.float32), RATE_HZ, self.name, text)


class EspeakEngine:
    """espeak-ng's command; French is robotic, good to test the plumbing and little else."""

    name = "espeak-ng"
    _WORDS_PER_MINUTE = 160
    _PITCH = 50  # of 0..99, the command's default

    def __init__(self) -> None:
        self._command = _command("espeak-ng", "install the Debian package espeak-ng")

    def speak(self, text: str, speaker: Speaker) -> Samples:
        rate, pitch = round(self._WORDS_PER_MINUTE * speaker.speed), min(99, round(self._PITCH * speaker.pitch))
        arguments = ["-v", speaker.preset or "fr-fr", "-s", str(rate), "-p", str(pitch), "--stdout", text]
        return _wav([self._command, *arguments], b"", self.name, text)


class PiperEngine:
    """The `piper` command with a French voice file that the operator names."""

    name = "piper"

    def __init__(self, voice: Path | None = None) -> None:
        self._command = _command("piper", "pip install piper-tts")
        if voice is None or not voice.is_file():
            raise EngineMissing(f"the engine piper needs a French voice: --voice FILE.onnx (given: {voice or 'none'})")
        self._voice = voice

    def speak(self, text: str, speaker: Speaker) -> Samples:
        arguments = ["--model", str(self._voice), "--length_scale", f"{1 / speaker.speed:.3f}", "--output_file", "-"]
        return _wav([self._command, *arguments], text.encode(), self.name, text)


class BarkEngine:
    """Bark through transformers, from a local folder; pitch and speed are the preset's own."""

    name = "bark"

    def __init__(self, voice: Path | None = None) -> None:
        if voice is None:
            raise EngineMissing("the engine bark needs its model: --voice FOLDER (a download of suno/bark-small)")
        try:
            from transformers import AutoProcessor, BarkModel

            self._processor: Any = AutoProcessor.from_pretrained(str(voice), local_files_only=True)  # type: ignore[no-untyped-call]
            self._model: Any = BarkModel.from_pretrained(str(voice), local_files_only=True)
        except (ImportError, OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise EngineMissing(f"the engine bark cannot load {voice}: {reason}") from error

    def speak(self, text: str, speaker: Speaker) -> Samples:
        inputs = self._processor(text, voice_preset=speaker.preset or "v2/fr_speaker_1")
        samples = self._model.generate(**inputs).cpu().numpy().squeeze().astype(np.float32)
        return _checked(samples, int(self._model.generation_config.sample_rate), self.name, text)


ENGINES: Final[Mapping[str, Callable[[Path | None], SpeechEngine]]] = MappingProxyType(
    {
        "pico": lambda _: PicoEngine(),
        "espeak-ng": lambda _: EspeakEngine(),
        "piper": PiperEngine,
        "bark": BarkEngine,
    }
)


def open_engine(name: str, voice: Path | None = None) -> SpeechEngine:
    """Return the engine called `name`.

    Raises:
        EngineMissing: there is none of that name, or what it needs is not installed; the text says what.
    """
    if name not in ENGINES:
        raise EngineMissing(f"there is no speech engine {name!r}: choose one of {', '.join(ENGINES)}")
    return ENGINES[name](voice)


def _command(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise EngineMissing(f"the engine {name} is not installed: {remedy}")
    return found


def _wav(command: list[str], stdin: bytes, engine: str, text: str) -> Samples:
    try:
        with translate_shortage(engine):
            done = subprocess.run(command, input=stdin, capture_output=True, timeout=_TIMEOUT_S, check=True)
            samples, rate_hz = soundfile.read(io.BytesIO(done.stdout), dtype="float32", always_2d=True)
    except (subprocess.SubprocessError, soundfile.SoundFileError) as error:
        raise SynthesisFailed(f"{engine} could not speak {text!r}: {error}") from error
    return _checked(samples.mean(axis=1), int(rate_hz), engine, text)


def _checked(samples: Samples, rate_hz: int, engine: str, text: str) -> Samples:
    if not len(samples) or not np.isfinite(samples).all() or not samples.any():
        raise SynthesisFailed(f"{engine} gave no sound for {text!r}")
    return resample(samples, rate_hz)
