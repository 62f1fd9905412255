"""The dictations that travel with a checkpoint: which, and how they are written."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from carabin.trainer.checkpoints.samples import choose_samples, write_samples
from carabin.trainer.data.dictations import Dictation


def dictation(number: int, duration_s: float = 0.1) -> Dictation:
    samples = np.full(1_600, number / 64, np.float32)
    return Dictation(samples, f"Énoncé {number}.", None, duration_s, "0" * 64)


def numbers(samples: Sequence[Dictation]) -> list[int]:
    return [int(sample.sentence.removeprefix("Énoncé ").rstrip(".")) for sample in samples]


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (0, []),
        (1, [0]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (9, [0, 1, 2, 3, 4, 5, 6, 7]),
        (16, [0, 2, 4, 6, 8, 10, 12, 14]),
        (20, [0, 2, 5, 7, 10, 12, 15, 17]),
    ],
)
def test_at_most_eight_are_taken_from_all_over_the_split(count: int, chosen: list[int]) -> None:
    assert numbers(choose_samples([dictation(number) for number in range(count)])) == chosen


def test_what_does_not_fit_one_window_is_passed_over() -> None:
    lengths = (29.1, 29.0, 3.0, 31.0, 0.5)
    dictations = [dictation(number, length) for number, length in enumerate(lengths)]
    assert numbers(choose_samples(dictations)) == [1, 2, 4]


def test_each_sample_is_a_recording_with_what_was_said_and_what_the_model_writes(tmp_path: Path) -> None:
    def transcribe(samples: npt.NDArray[np.float32]) -> str:
        return f"écrit {samples[0]:g}"

    folder = write_samples(tmp_path, [dictation(8), dictation(16)], transcribe)
    assert folder == tmp_path / "samples"
    text = (folder / "samples.json").read_text(encoding="utf-8")
    assert json.loads(text) == [
        {"file": "00.wav", "sentence": "Énoncé 8.", "hypothesis": "écrit 0.125"},
        {"file": "01.wav", "sentence": "Énoncé 16.", "hypothesis": "écrit 0.25"},
    ]
    assert "Énoncé" in text  # as a person reads it
    samples, rate_hz = soundfile.read(folder / "01.wav", dtype="float32")
    assert rate_hz == 16_000
    assert samples.tolist() == [0.25] * 1_600
    assert soundfile.info(folder / "01.wav").subtype == "PCM_16"


def test_without_a_decoder_nothing_is_claimed_to_be_written(tmp_path: Path) -> None:
    folder = write_samples(tmp_path, [dictation(1)])
    assert json.loads((folder / "samples.json").read_text(encoding="utf-8"))[0]["hypothesis"] is None


def test_a_split_without_a_short_dictation_gives_an_empty_list(tmp_path: Path) -> None:
    assert json.loads((write_samples(tmp_path, []) / "samples.json").read_text()) == []
