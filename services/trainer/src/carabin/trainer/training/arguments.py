"""What the settings of a run become: how dictations are turned into examples, and transformers' own arguments."""

from pathlib import Path
from typing import Any, Final

import torch
from carabin.registry.serving_window import FULL_WINDOW
from transformers import Seq2SeqTrainingArguments, WhisperForConditionalGeneration

from ..features.labels import LabelMaker
from ..features.mel import MelMaker
from ..features.prepare import FeatureConfig
from ..features.spec_augment import SpecAugment
from ..features.windows import TrainingWindow
from ..runtime.device import Computed
from ..settings import MAX_GRAD_NORM, WEIGHT_DECAY, TrainerSettings

KEPT_CHECKPOINTS: Final = 2
"""On this machine: the best and the newest."""


def feature_config(
    settings: TrainerSettings, base: Path, model: WhisperForConditionalGeneration, cache: Path, computed: Computed
) -> FeatureConfig:
    """Return how dictations become examples under these settings."""
    window = TrainingWindow(floor=FULL_WINDOW) if settings.full_window else TrainingWindow()
    return FeatureConfig(
        make_mel=MelMaker(model.config.num_mel_bins),
        make_labels=LabelMaker(base, settings.language),
        window=window,
        cached=settings.mode == "decoder",
        seed=settings.seed,
        timestamps=settings.timestamps,
        prompt_share=settings.prompt_share,
        spec_augment=SpecAugment() if settings.spec_augment else None,
        augment=settings.augment,
        bf16=computed == "bf16",
        cache=cache,
    )


def arguments(
    settings: TrainerSettings, work: Path, computed: Computed, *, world: int, steps_an_epoch: int
) -> Seq2SeqTrainingArguments:
    """Return transformers' arguments; what they leave to chance is set."""
    every: dict[str, Any] = {"eval_strategy": "epoch", "save_strategy": "epoch"}
    if settings.checkpoint_steps:
        every = {
            "eval_strategy": "steps", "save_strategy": "steps",
            "eval_steps": settings.checkpoint_steps, "save_steps": settings.checkpoint_steps,
        }  # fmt: skip
    return Seq2SeqTrainingArguments(
        output_dir=str(work),
        use_cpu=not torch.cuda.is_available(),
        bf16=computed == "bf16",
        fp16=computed == "fp16",
        per_device_train_batch_size=max(1, settings.batch_size // world),
        gradient_accumulation_steps=settings.accumulation,
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps or -1,
        learning_rate=settings.peak_rate,
        lr_scheduler_type="linear",
        warmup_steps=settings.warmup_share,  # below 1 it is a share of all steps
        weight_decay=WEIGHT_DECAY,
        max_grad_norm=MAX_GRAD_NORM,
        restore_callback_states_from_checkpoint=True,  # or early stopping would begin to count anew
        optim="adamw_torch_fused",
        seed=settings.seed,
        data_seed=settings.seed,
        save_total_limit=KEPT_CHECKPOINTS,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=max(1, min(10, steps_an_epoch // 4)),
        logging_nan_inf_filter=False,  # it would hide the NaN that must stop the run
        report_to=[],  # `callbacks.Curves` draws
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        **every,
    )
