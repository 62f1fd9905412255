"""Synthetic speakers read sentences into splits that share none."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.dictations import SPLITS, load_split
from carabin.trainer.errors import DatasetInvalid, SynthesisFailed
from carabin.trainer.quality.dataset import check_dataset
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.plan import plan, synthesize
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


def test_an_engine_that_fails_leaves_no_half_dataset(tmp_path: Path) -> None:
    with pytest.raises(SynthesisFailed, match="mute gave no sound for"):
        synthesize(plan(SENTENCES), Mute(), tmp_path / "dataset")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="exists already"):
        synthesize(plan(SENTENCES), Mute(), tmp_path)
