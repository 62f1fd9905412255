"""Synthetic speakers read sentences into splits that share none, and engines that are missing say what they need."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.dictations import SPLITS, load_split
from carabin.trainer.errors import DatasetInvalid, EngineMissing, SynthesisFailed
from carabin.trainer.quality.dataset import check_dataset
from carabin.trainer.synthesis.engines import PicoEngine, open_engine
from carabin.trainer.synthesis.plan import plan, synthesize
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.synthesis.voices import HELD_OUT, SPEAKERS, Speaker
from carabin.trainer.text.corpus import medical_sentences

SENTENCES = [sentence.text for sentence in medical_sentences()]


class Mute:
    """An engine that fails on its third sentence."""

    name = "mute"

    def __init__(self) -> None:
        self.said = 0

    def speak(self, text: str, speaker: Speaker) -> np.ndarray:
        self.said += 1
        if self.said == 3:
            raise SynthesisFailed(f"mute gave no sound for {text!r}")
        return np.full(8_000, 0.1, np.float32)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("8,5 mg/L", "8,5 milligrammes par litre"),
        ("140/80 mmHg", "140 sur 80 millimètres de mercure"),
        ("0,3 µg/kg/min", "0,3 microgrammes par kilo par minute"),
        ("hernie L4-L5", "hernie L4 L5"),
        ("l'œdème du cœur", "l'édème du keur"),
        ("sus-décalage", "sus décalage"),
        ("38,5 °C", "38,5 degrés"),
    ],
)
def test_labels_are_respelled_for_the_voice(written: str, said: str) -> None:
    assert spoken(written) == said


def test_splits_share_no_sentence_and_one_speaker_is_used_in_tests_only() -> None:
    sides, voices = defaultdict(set), defaultdict(set)
    for take in plan(SENTENCES):
        sides[take.sentence].add(take.split)
        voices[take.split].add(take.speaker)
    assert all(len(splits) == 1 for splits in sides.values())
    assert voices["train"] == set(SPEAKERS)
    assert HELD_OUT in voices["test"] - voices["validation"] - voices["train"]
    assert voices["test"] & set(SPEAKERS)


def test_more_takes_are_other_speakers_of_the_same_training_sentence() -> None:
    read = defaultdict(list)
    for take in plan(SENTENCES, takes=3):
        if take.split == "train":
            read[take.sentence].append(take.speaker)
    assert all(len(set(speakers)) == len(speakers) == 3 for speakers in read.values())


def test_pico_speaks_french_into_a_dataset_that_passes_the_gate(tmp_path: Path) -> None:
    sizes = synthesize(plan(SENTENCES[:30], takes=1), PicoEngine(), tmp_path / "dataset")
    assert sum(size.dictations for size in sizes.values()) == 30
    report = check_dataset(tmp_path / "dataset")
    assert (report.accepted, report.refused) == (30, [])
    assert all(
        2 < duration_s < 10 for split in SPLITS for duration_s in load_split(tmp_path / "dataset", split).durations_s
    )


def test_speed_and_pitch_make_other_speakers() -> None:
    pico, text = PicoEngine(), "Auscultation sans particularité."
    slow, fast = (pico.speak(text, speaker) for speaker in (SPEAKERS[0], SPEAKERS[3]))
    assert len(slow) > 1.2 * len(fast)


def test_an_engine_that_fails_leaves_no_half_dataset(tmp_path: Path) -> None:
    with pytest.raises(SynthesisFailed, match="mute gave no sound for"):
        synthesize(plan(SENTENCES), Mute(), tmp_path / "dataset")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="exists already"):
        synthesize(plan(SENTENCES), Mute(), tmp_path)


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


def test_a_command_engine_is_driven_by_its_own_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the command writes down its arguments and gives a second of 22 kHz sound."""
    import sys

    command = tmp_path / "espeak-ng"
    command.write_text(
        f"#!{sys.executable}\nimport io, sys, numpy, soundfile\n"
        f"open({str(tmp_path / 'said')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        "sound = io.BytesIO()\nsoundfile.write(sound, numpy.full(22050, .1), 22050, format='WAV')\n"
        "sys.stdout.buffer.write(sound.getvalue())\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    samples = open_engine("espeak-ng").speak("Bonjour.", Speaker("vive", speed=1.5))
    assert len(samples) == 16_000
    assert (tmp_path / "said").read_text() == "-v fr-fr -s 240 -p 50 --stdout Bonjour."
