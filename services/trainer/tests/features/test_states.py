"""Encoder states on disk: each mel's own, in its window, and of no other encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from carabin.trainer.features.mel import ArrayFile, pad, write_arrays
from carabin.trainer.features.states import ENCODE_BATCH, Reordered, encoder_states
from carabin.trainer.models.whisper import encode, load_whisper
from transformers import WhisperForConditionalGeneration

from ..helpers.training import tiny_whisper

COUNT = 2 * ENCODE_BATCH + 1
"""Two windows, one of them with more mels than are encoded at once."""
WINDOWS = [300 if number % 5 == 2 else 200 for number in range(COUNT)]


@pytest.fixture
def mels(tmp_path: Path) -> ArrayFile:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(80, 20 + number)).astype(np.float32) for number in range(COUNT)]
    return write_arrays(tmp_path / "mel.bin", arrays, "float32", lambda: "these mels")


def states(
    mels: ArrayFile,
    model: WhisperForConditionalGeneration,
    file: Path,
    *,
    windows: Sequence[int] = WINDOWS,
    steps: list[int] | None = None,
) -> Reordered:
    done = [] if steps is None else steps
    return encoder_states(
        file, mels, windows, model, bf16=False, progress=lambda place, _: done.append(place), stopped=lambda: False
    )


def test_each_mel_has_its_own_states_in_its_window(tiny: Path, mels: ArrayFile, tmp_path: Path) -> None:
    model = load_whisper(tiny)
    found = states(mels, model, tmp_path / "states.bin")
    assert len(found) == COUNT
    for place, window in enumerate(WINDOWS):
        with torch.no_grad():
            expected = encode(model, torch.from_numpy(pad(mels[place], window))[None])[0].numpy()
        np.testing.assert_allclose(found[place], expected, atol=5e-3)


def test_states_are_computed_anew_for_another_encoder_other_windows_and_other_mels_alone(
    tiny: Path, rebuilt: Path, mels: ArrayFile, tmp_path: Path
) -> None:
    steps: list[int] = []
    file, model = tmp_path / "states.bin", load_whisper(tiny)
    states(mels, model, file, steps=steps)
    computed = len(steps)
    assert computed > 2
    states(mels, load_whisper(tiny), file, steps=steps)
    assert len(steps) == computed
    other = load_whisper(tiny_whisper(rebuilt, tmp_path / "other", seed=5))
    states(mels, other, file, steps=steps)
    assert len(steps) == 2 * computed
    states(mels, other, file, windows=WINDOWS[::-1], steps=steps)
    assert len(steps) == 3 * computed
    mels.made_of = "others"
    states(mels, other, file, windows=WINDOWS[::-1], steps=steps)
    assert len(steps) == 4 * computed
