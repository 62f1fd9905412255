"""Tests of a split's features: computed once, cached in its own order, with windows that a restart finds again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.errors import Stopped
from carabin.trainer.features.labels import LabelMaker
from carabin.trainer.features.mel import MelMaker, pad
from carabin.trainer.features.prepare import FeatureConfig, PreparedSplit, collator, prepare_split
from carabin.trainer.features.windows import BatchItem, TrainingWindow
from carabin.trainer.models.whisper import encode, load_whisper
from transformers import WhisperForConditionalGeneration

from ..helpers.sounds import bursts
from ..helpers.training import tiny_whisper

LENGTHS_S = (3.0, 0.5, 2.0, 0.6)
"""301, 51, 201 and 61 frames of mel: with a margin of 50 and whole seconds, windows of 400, 200, 300 and 200."""
WINDOWS = [400, 200, 300, 200]


def dictation(length_s: float) -> Dictation:
    samples = bursts([length_s], pause_s=0.0, seed=round(100 * length_s))
    return Dictation(samples, f"Dictée de {length_s} s.", None, length_s, f"sha256 of {length_s}")


DICTATIONS = [dictation(length_s) for length_s in LENGTHS_S]


@pytest.fixture(scope="module")
def model(tiny: Path) -> WhisperForConditionalGeneration:
    return load_whisper(tiny)


@pytest.fixture
def config(tiny: Path, tmp_path: Path) -> FeatureConfig:
    return FeatureConfig(
        make_mel=MelMaker(80),
        make_labels=LabelMaker(tiny),
        window=TrainingWindow(floor=200, margin=50, trailing=250),
        cached=False,
        seed=0,
        timestamps=0.0,
        prompt_share=0.0,
        spec_augment=None,
        augment=False,
        bf16=False,
        cache=tmp_path / "cache",
    )


def prepared(
    config: FeatureConfig,
    model: WhisperForConditionalGeneration,
    *,
    dictations: Sequence[Dictation] = DICTATIONS,
    training: bool = True,
    steps: list[tuple[int, int]] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> PreparedSplit:
    said = steps if steps is not None else []
    return prepare_split(
        "train",
        dictations,
        config,
        model,
        training=training,
        progress=lambda done, total: said.append((done, total)),
        stopped=stopped,
    )


class StopsAt:
    """Asks to stop at the nth question."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0


def test_features_are_computed_once_and_found_again_with_the_same_windows(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    steps: list[tuple[int, int]] = []
    first = prepared(config, model, steps=steps)
    assert first.windows == WINDOWS
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    again = prepared(config, model, steps=steps)
    assert len(steps) == 4
    assert (again.windows, list(again.examples.texts)) == (first.windows, list(first.examples.texts))
    example = again.examples[BatchItem(2, 0, 300)]
    np.testing.assert_array_equal(example.features, pad(config.make_mel(DICTATIONS[2].audio), 300))
    assert example.labels == config.make_labels("Dictée de 2.0 s.", 2.01)


def shown(split: PreparedSplit) -> list[np.ndarray]:
    return [
        np.array(split.examples[BatchItem(place, 0, window)].features) for place, window in enumerate(split.windows)
    ]


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(
    "others",
    [DICTATIONS[::-1], DICTATIONS[:3], [*DICTATIONS[:3], dictation(1.0)]],
    ids=["reversed", "fewer", "another"],
)
def test_features_of_other_dictations_are_not_taken_for_these(
    config: FeatureConfig,
    model: WhisperForConditionalGeneration,
    tmp_path: Path,
    cached: bool,
    others: Sequence[Dictation],
) -> None:
    config = replace(config, cached=cached)
    prepared(config, model)
    found, fresh = (
        prepared(each, model, dictations=others) for each in (config, replace(config, cache=tmp_path / "fresh"))
    )
    assert list(found.examples.texts) == list(fresh.examples.texts)
    for ours, wanted in zip(shown(found), shown(fresh), strict=True):
        np.testing.assert_array_equal(ours, wanted)
    assert len(list(config.cache.iterdir())) == len(list((tmp_path / "fresh").iterdir()))


@pytest.mark.parametrize("changed", ["base", "seed", "precision", "window"])
def test_encoder_states_of_another_base_seed_precision_or_window_are_not_taken_for_these(
    config: FeatureConfig, model: WhisperForConditionalGeneration, rebuilt: Path, tmp_path: Path, changed: str
) -> None:
    config = replace(config, cached=True, window=TrainingWindow(trailing=2_000))
    other, others_model = {
        "base": (config, load_whisper(tiny_whisper(rebuilt, tmp_path / "base", seed=5))),
        "seed": (replace(config, seed=1), model),
        "precision": (replace(config, bf16=True), model),
        "window": (replace(config, window=TrainingWindow(trailing=0)), model),
    }[changed]
    before = shown(prepared(config, model))
    found, fresh = (prepared(each, others_model) for each in (other, replace(other, cache=tmp_path / "fresh")))
    assert found.windows == fresh.windows
    for ours, wanted in zip(shown(found), shown(fresh), strict=True):
        np.testing.assert_array_equal(ours, wanted)
    assert not all(np.array_equal(ours, old) for ours, old in zip(shown(found), before, strict=True))


def test_a_stop_while_features_are_computed_leaves_nothing_that_is_half_there(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    with pytest.raises(Stopped, match="while features were computed"):
        prepared(config, model, stopped=StopsAt(3))
    assert list(config.cache.iterdir()) == []
    assert prepared(config, model).windows == WINDOWS


def test_states_are_cached_for_each_dictation_in_its_own_order(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    config, steps = replace(config, cached=True, window=TrainingWindow(trailing=0)), []
    split = prepared(config, model, steps=steps)
    assert split.windows == WINDOWS
    assert split.fixed
    # Four mels, then the batches of the windows 200 (two dictations), 300 and 400, of eight steps in all.
    assert steps == [(1, 8), (2, 8), (3, 8), (4, 8), (6, 8), (7, 8), (8, 8)]
    for place, window in enumerate(WINDOWS):
        mel = pad(config.make_mel(DICTATIONS[place].audio), window)
        with torch.no_grad():
            expected = encode(model, torch.from_numpy(mel)[None])[0].numpy()
        states = split.examples[BatchItem(place, 0, window)].features
        assert states.shape == (window // 2, 32)
        np.testing.assert_allclose(states, expected, atol=5e-3)


def test_a_stop_while_states_are_cached_keeps_the_features_alone(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    config = replace(config, cached=True, window=TrainingWindow(trailing=0))
    with pytest.raises(Stopped, match="while encoder states were cached"):
        prepared(config, model, stopped=StopsAt(6))
    assert sorted(file.name for file in config.cache.iterdir()) == ["train-mel.bin", "train-mel.json"]
    steps: list[tuple[int, int]] = []
    prepared(config, model, steps=steps)
    assert steps == [(6, 8), (7, 8), (8, 8)]


def test_a_cached_window_is_the_recordings_own_whatever_else_is_learnt(
    config: FeatureConfig, model: WhisperForConditionalGeneration, tmp_path: Path
) -> None:
    config = replace(config, cached=True, window=TrainingWindow(trailing=2_000))
    windows = prepared(config, model).windows
    other = replace(config, cache=tmp_path / "other")
    assert prepared(other, model, dictations=DICTATIONS[::-1][:3]).windows == windows[::-1][:3]
    seeded = replace(config, cache=tmp_path / "seeded", seed=1)
    assert prepared(seeded, model).windows != windows
    measured = replace(config, cache=tmp_path / "measured")
    assert prepared(measured, model, training=False).windows == WINDOWS, "nothing is left to chance in a measurement"


def test_an_altered_recording_has_room_for_its_slowest_speed(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    """At 0.9 of its speed, 301 frames are 334 and want 424 in place of 391; 201 are 223 and want 313, not 291."""
    split = prepared(replace(config, augment=True, window=TrainingWindow(margin=90)), model)
    assert split.windows == [500, 200, 400, 200]
    assert [text.n_frames for text in split.examples.texts] == [334, 57, 223, 68]
    shown = [split.examples[BatchItem(0, epoch, 400)].features for epoch in range(4)]
    assert not all(np.array_equal(shown[0], other) for other in shown[1:])


def test_a_measurement_shows_each_dictation_as_it_is(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    config = replace(config, augment=True, timestamps=1.0, prompt_share=1.0)
    split = prepared(config, model, training=False)
    assert split.trailing == 0
    for epoch in range(3):
        example = split.examples[BatchItem(1, epoch, 200)]
        np.testing.assert_array_equal(example.features, pad(config.make_mel(DICTATIONS[1].audio), 200))
        assert example.labels == config.make_labels("Dictée de 0.5 s.", 0.51)


def test_the_loader_gives_the_same_batches_every_time_and_each_process_its_share(
    config: FeatureConfig, model: WhisperForConditionalGeneration
) -> None:
    split = prepared(config, model, training=False)
    collate = collator(config)
    shown = [[batch["indices"].tolist() for batch in split.loader(2, collate)] for _ in range(2)]
    assert shown[0] == shown[1]
    assert sorted(index for indices in shown[0] for index in indices) == [0, 1, 2, 3]
    halves = [[batch["indices"].tolist() for batch in split.loader(2, collate, rank=n, world=2)] for n in (0, 1)]
    assert [first + second for first, second in zip(*halves, strict=True)] == shown[0]


@pytest.mark.parametrize(("cached", "name"), [(False, "mel"), (True, "states")])
def test_batches_name_their_features_by_what_they_are(
    config: FeatureConfig, model: WhisperForConditionalGeneration, cached: bool, name: str
) -> None:
    config = replace(config, cached=cached)
    split = prepared(config, model)
    batch = next(iter(split.loader(1, collator(config))))
    assert name in batch
