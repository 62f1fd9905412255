"""What the settings of a run become in transformers and in its features."""

from pathlib import Path
from typing import Any

import pytest
from carabin.registry.serving_window import FULL_WINDOW
from carabin.trainer.features.prepare import FeatureConfig
from carabin.trainer.models.whisper import load_whisper
from carabin.trainer.runtime.device import Computed
from carabin.trainer.training.arguments import arguments, feature_config
from transformers import Seq2SeqTrainingArguments

from ..helpers.training import settings


def of(
    folder: Path, *, computed: Computed = "fp32", world: int = 1, steps_an_epoch: int = 40, **changes: Any
) -> Seq2SeqTrainingArguments:
    wanted = settings(folder, folder, **changes)
    return arguments(wanted, folder / "r", computed, world=world, steps_an_epoch=steps_an_epoch)


def test_checkpoints_are_saved_and_validated_together_by_epochs_or_by_steps(tmp_path: Path) -> None:
    by_epoch = of(tmp_path, checkpoint_steps=None)
    assert (by_epoch.save_strategy, by_epoch.eval_strategy) == ("epoch", "epoch")
    by_steps = of(tmp_path, checkpoint_steps=50)
    assert (by_steps.save_strategy, by_steps.eval_strategy) == ("steps", "steps")
    assert (by_steps.save_steps, by_steps.eval_steps) == (50, 50)
    for each in (by_epoch, by_steps):
        assert (each.save_total_limit, each.load_best_model_at_end) == (2, True)
        assert (each.metric_for_best_model, each.greater_is_better) == ("eval_loss", False)


@pytest.mark.parametrize(("world", "size"), [(1, 16), (2, 8), (3, 5), (16, 1), (32, 1)])
def test_a_batch_is_shared_out_among_the_processes(tmp_path: Path, world: int, size: int) -> None:
    assert of(tmp_path, batch_size=16, world=world).per_device_train_batch_size == size


@pytest.mark.parametrize(("steps_an_epoch", "every"), [(1, 1), (7, 1), (8, 2), (39, 9), (40, 10), (4000, 10)])
def test_an_epoch_is_logged_four_times_at_least_and_every_ten_steps_at_most(
    tmp_path: Path, steps_an_epoch: int, every: int
) -> None:
    assert of(tmp_path, steps_an_epoch=steps_an_epoch).logging_steps == every


def test_steps_take_the_place_of_epochs_where_they_are_set(tmp_path: Path) -> None:
    found = of(tmp_path, max_steps=None, epochs=4.5)
    assert (found.max_steps, found.num_train_epochs) == (-1, 4.5)
    assert of(tmp_path, max_steps=700).max_steps == 700


def test_the_rate_is_the_modes_own_unless_it_is_set_and_rises_over_its_share_of_the_steps(tmp_path: Path) -> None:
    assert of(tmp_path, mode="decoder", learning_rate=None).learning_rate == 1e-4
    assert of(tmp_path, mode="decoder", learning_rate=3e-6).learning_rate == 3e-6
    assert of(tmp_path, warmup_share=0.25).get_warmup_steps(200) == 50
    assert of(tmp_path, warmup_share=0.0).get_warmup_steps(200) == 0


@pytest.mark.parametrize(("computed", "flags"), [("fp32", (False, False)), ("bf16", (True, False))])
def test_transformers_computes_in_what_the_device_was_found_to_do(
    tmp_path: Path, computed: Computed, flags: tuple[bool, bool]
) -> None:
    found = of(tmp_path, computed=computed)
    assert (found.bf16, found.fp16) == flags


def test_a_loss_that_is_no_number_is_not_hidden(tmp_path: Path) -> None:
    found = of(tmp_path)
    assert not found.logging_nan_inf_filter
    assert Path(str(found.output_dir)) == tmp_path / "r"


def features(base: Path, *, computed: Computed = "fp32", **changes: Any) -> FeatureConfig:
    wanted = settings(base, base, **changes)
    return feature_config(wanted, base, load_whisper(base), base / "features", computed)


def test_the_window_is_as_long_as_the_speech_unless_the_usual_recipe_is_wanted(tiny: Path) -> None:
    assert features(tiny).window.floor < FULL_WINDOW
    assert features(tiny, full_window=True).window.floor == FULL_WINDOW


@pytest.mark.parametrize(("mode", "cached"), [("decoder", True), ("frozen-encoder", False), ("full", False)])
def test_encoder_states_are_kept_only_where_the_encoder_and_its_input_stay_the_same(
    tiny: Path, mode: str, cached: bool
) -> None:
    assert features(tiny, mode=mode).cached is cached


def test_what_is_changed_at_random_follows_the_settings(tiny: Path) -> None:
    plain = features(tiny, seed=3, timestamps=0.25, prompt_share=0.5)
    assert (plain.seed, plain.timestamps, plain.prompt_share) == (3, 0.25, 0.5)
    assert (plain.augment, plain.spec_augment, plain.bf16) == (False, None, False)
    varied = features(tiny, computed="bf16", augment=True, spec_augment=True)
    assert varied.augment
    assert varied.spec_augment is not None
    assert varied.bf16
