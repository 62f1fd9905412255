"""What a run does, each setting documented once; `carabin settings trainer` prints the table."""

from pathlib import Path
from typing import Any, Final, Literal, Self

from carabin.service.settings import ServiceSettings
from pydantic import Field, model_validator

Mode = Literal["full", "decoder", "frozen-encoder", "lora"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

LEARNING_RATES: Final[dict[Mode, float]] = {"full": 2e-5, "decoder": 1e-4, "frozen-encoder": 5e-5, "lora": 2e-4}
"""Peaks measured on the demo dataset (docs/evaluation); a low-rank adapter needs more than the weights themselves."""

NOTEBOOK: Final[dict[str, Any]] = {
    "mode": "full",
    "batch_size": 16,
    "learning_rate": 1e-5,
    "max_steps": 700,
    "warmup_steps": 500,
    "replay": None,
    "timestamps": 0.0,
    "alphas": (1.0,),
    "patience": 0,
    "silence_share": 0.0,
    "train_embeddings": True,
    "full_window": True,
}
"""The Hugging Face Whisper fine-tuning notebook's hyper-parameters, so that anyone can compare."""

PRESETS: Final[dict[str, dict[str, Any]]] = {"notebook": NOTEBOOK}


class TrainerSettings(ServiceSettings):
    """Read from the environment, each field as `CARABIN_TRAINER_<FIELD>`."""

    dataset: str = Field(description="what to learn from: NAME for its newest version, or NAME@VERSION")
    replay: str | None = Field(
        default=None,
        description="dataset of general speech mixed in, so that it is not forgotten, and measured",
    )
    replay_share: float = Field(default=0.3, ge=0, lt=1, description="share of general speech in every epoch")
    silence_share: float = Field(
        default=0.04,
        ge=0,
        lt=0.5,
        description="recordings without speech added, as a share of the dictations, to be learnt as empty",
    )
    base: str = Field(
        default="embedded",
        description="where training starts: embedded, a hub id, a folder, run:NAME[@STEP] or model:NAME[@VERSION]",
    )
    run: str | None = Field(
        default=None, description="the run's name; one that exists is resumed. Made from dataset and time by default"
    )
    mode: Mode = Field(
        default="decoder",
        description="full, decoder (cached encoder states), frozen-encoder, or lora (merged at the end)",
    )
    epochs: float = Field(default=3, gt=0, description="passes over the training split")
    max_steps: int | None = Field(default=None, gt=0, description="optimizer steps, in place of epochs")
    batch_size: int = Field(
        default=16, gt=0, description="dictations of a step on all devices together, before accumulation"
    )
    accumulation: int = Field(default=1, gt=0, description="batches of one optimizer step")
    learning_rate: float | None = Field(default=None, gt=0, description="peak learning rate; the mode's own by default")
    warmup_share: float = Field(default=0.1, ge=0, lt=1, description="share of the steps over which the rate rises")
    warmup_steps: int | None = Field(default=None, ge=0, description="steps of warm-up, in place of the share")
    weight_decay: float = Field(default=0.0, ge=0, description="AdamW's decay")
    max_grad_norm: float = Field(default=1.0, gt=0, description="gradients are clipped to this norm")
    lora_rank: int = Field(default=16, gt=0, description="rank of the adapters")
    train_embeddings: bool = Field(
        default=False, description="let token embeddings learn too; every language shares them"
    )
    precision: Precision = Field(default="auto", description="auto takes bf16 where the device computes it, else fp32")
    seed: int = Field(default=0, ge=0, description="order, windows, augmentation and replay depend on it alone")
    patience: int = Field(
        default=2, ge=0, description="epochs without a better validation loss before stopping; 0 never stops early"
    )
    timestamps: float = Field(
        default=0.5, ge=0, le=1, description="share of labels that carry times; serving asks for both forms"
    )
    language: str = Field(default="fr", description="Whisper's language code of the dictations")
    augment: bool = Field(
        default=False, description="speed, noise and room augmentation of the audio; not with cached encoder states"
    )
    spec_augment: bool = Field(
        default=False, description="hide stretches of time and bands of pitch; not with cached encoder states"
    )
    full_window: bool = Field(default=False, description="pad everything to 30 s, as the usual recipe does")
    alphas: tuple[float, ...] = Field(
        default=(1.0, 0.8, 0.6),
        description="shares of what was learnt that are tried on validation: weights are averaged with the base's",
    )
    general_budget: float = Field(
        default=0.01, ge=0, description="by how much the general word error rate may rise (0.01 is one point)"
    )
    window_budget: float = Field(
        default=0.02,
        ge=0,
        description="by how much the word error rate may rise, at most and with 95 % confidence, for a window shorter "
        "than the usual one to be served; 0 keeps the usual one",
    )
    beam_size: int = Field(default=5, gt=0, description="of the final evaluation; validation is greedy")
    evaluate_limit: int | None = Field(
        default=None, gt=0, description="at most so many dictations of each set are decoded"
    )
    evaluate: bool = Field(default=True, description="score the test split at the end, stock and tuned")
    checkpoint_steps: int | None = Field(
        default=None, gt=0, description="save and validate every so many steps; every epoch by default"
    )
    upload_interval_s: float = Field(
        default=300.0, ge=0, description="seconds at least between two uploads of a run's checkpoints"
    )
    upload_patience_s: float = Field(
        default=1800.0, ge=0, description="how long to keep trying, at the end, to reach a store that is away"
    )
    stop_grace_s: float = Field(
        default=25.0, gt=0, description="seconds after SIGTERM within which the process is gone"
    )
    stopped_exit_code: int | None = Field(
        default=None,
        ge=0,
        le=255,
        description="what the process ends with when it was asked to stop; by default 0, and 75 inside Kubernetes, "
        "whose Jobs take 0 for the end of the run",
    )
    work_dir: Path = Field(
        default=Path("data/train"),
        description="caches and checkpoints not yet uploaded; several machines need not share it",
    )
    threads: int | None = Field(default=None, gt=0, description="CPU threads; PyTorch's choice by default")
    grpc_port: int | None = Field(default=None, ge=0, le=65535, description="port of WatchRun; not served without one")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="port of Prometheus metrics; not served without one"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.mode == "decoder" and (self.augment or self.spec_augment):
            raise ValueError("mode decoder caches the encoder's states, which cannot be augmented: use frozen-encoder")
        if not self.alphas or not all(0 < alpha <= 1 for alpha in self.alphas):
            raise ValueError("alphas must lie above 0 and at most at 1")
        return self

    @property
    def peak_rate(self) -> float:
        """The learning rate at the end of the warm-up."""
        return self.learning_rate or LEARNING_RATES[self.mode]

    def schedule(self) -> str:
        """Return what a resumed run must share with the one it continues, as text."""
        fields = (
            "mode",
            "epochs",
            "max_steps",
            "batch_size",
            "accumulation",
            "peak_rate",
            "warmup_share",
            "warmup_steps",
            "weight_decay",
            "lora_rank",
            "train_embeddings",
            "seed",
            "timestamps",
            "language",
            "replay_share",
            "silence_share",
            "augment",
            "spec_augment",
            "full_window",
        )
        return " ".join(f"{name}={getattr(self, name)}" for name in fields)
