"""What a run does, each setting documented once; `carabin settings trainer` prints the table.

Over 200 lines: a table of settings, each with its meaning and when to change it.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from carabin.service.access.settings import AccessSettings
from carabin.service.settings import ServiceSettings
from pydantic import Field, model_validator

Mode = Literal["full", "decoder", "frozen-encoder", "lora"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

LEARNING_RATES: Final[dict[Mode, float]] = {"full": 2e-5, "decoder": 1e-4, "frozen-encoder": 5e-5, "lora": 2e-4}
"""Peaks measured on the demo dataset (docs/training.md); a low-rank adapter needs more than the weights themselves."""

WEIGHT_DECAY: Final = 0.0
"""AdamW's decay. Whisper's authors fine-tune without (Radford et al. 2022, appendix F): a run of a few epochs is held
back by early stopping and by averaging with the base model instead."""
MAX_GRAD_NORM: Final = 1.0
"""Gradients are clipped to this norm, as in Whisper's own training (Radford et al. 2022, table 17)."""

NOTEBOOK: Final[dict[str, Any]] = {
    "mode": "full",
    "batch_size": 16,
    "learning_rate": 1e-5,
    "max_steps": 700,
    "warmup_share": 500 / 700,
    "replay": None,
    "timestamps": 0.0,
    "interpolation_weights": (1.0,),
    "patience": 0,
    "silence_share": 0.0,
    "train_embeddings": True,
    "full_window": True,
}
"""The Hugging Face Whisper fine-tuning notebook's hyper-parameters, so that anyone can compare."""

PRESETS: Final[dict[str, dict[str, Any]]] = {"notebook": NOTEBOOK}


class SettingRole(StrEnum):
    """What a setting changes, marked on each field; `TrainerSettings.of_role` lists them."""

    SOURCE = "source"
    """What is learnt from. A resumed run compares the hashes of what these names stand for."""
    SCHEDULE = "schedule"
    """The weights that each step gives: a resumed run must have the same value."""
    SELECTION = "selection"
    """What is done with the weights after the last step: recorded, and free to differ when a run is resumed."""
    OPERATION = "operation"
    """Where and how the process runs: it changes no weight and is not recorded."""


Source, Schedule = SettingRole.SOURCE, SettingRole.SCHEDULE
Selection, Operation = SettingRole.SELECTION, SettingRole.OPERATION


class TrainerSettings(AccessSettings, ServiceSettings):
    """Read from the environment, each field as `CARABIN_TRAINER_<FIELD>`; every field is marked with its role.

    Without one are those of who may reach WatchRun, which all services have.
    """

    dataset: Annotated[str, Source] = Field(
        description="what to learn from: NAME for its newest version, or NAME@VERSION"
    )
    replay: Annotated[str | None, Source] = Field(
        default=None,
        description="dataset of general speech, mixed in and measured; give one whenever you have it, or everyday "
        "French is forgotten",
    )
    replay_share: Annotated[float, Schedule] = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="share of general speech in every epoch; raise it where the report shows general French lost",
    )
    silence_share: Annotated[float, Schedule] = Field(
        default=0.04,
        ge=0,
        lt=0.5,
        description="recordings without speech added, as a share of the dictations; raise it where the model writes "
        "words into silence",
    )
    base: Annotated[str, Source] = Field(
        default="embedded",
        description="where training starts: embedded, a hub id, a folder, run:NAME[@STEP] or model:NAME[@VERSION]; "
        "change it to go on from a model of yours, or to take a larger one",
    )
    run: Annotated[str | None, Operation] = Field(
        default=None, description="the run's name, by default of dataset and time; set it to resume a run that exists"
    )
    mode: Annotated[Mode, Schedule] = Field(
        default="decoder",
        description="full, decoder (cached encoder states), frozen-encoder, or lora (merged at the end); "
        "choose by hours of dictations and device, as docs/training.md says",
    )
    epochs: Annotated[float, Schedule] = Field(
        default=3, gt=0, description="passes over the training split; raise it while validation loss still falls"
    )
    max_steps: Annotated[int | None, Schedule] = Field(
        default=None, gt=0, description="optimizer steps, in place of epochs; set it to compare runs of equal length"
    )
    batch_size: Annotated[int, Schedule] = Field(
        default=16,
        gt=0,
        description="dictations of a step on all devices together, before accumulation; lower it where memory is short",
    )
    accumulation: Annotated[int, Schedule] = Field(
        default=1, gt=0, description="batches of one optimizer step; raise it when you lower batch_size"
    )
    learning_rate: Annotated[float | None, Schedule] = Field(
        default=None,
        gt=0,
        description="peak learning rate, the mode's own by default; lower it where validation loss rises at once",
    )
    warmup_share: Annotated[float, Schedule] = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of the steps over which the rate rises; raise it where the first losses jump",
    )
    lora_rank: Annotated[int, Schedule] = Field(
        default=16, gt=0, description="rank of the adapters in mode lora; raise it with hours of dictations"
    )
    train_embeddings: Annotated[bool, Schedule] = Field(
        default=False,
        description="let token embeddings learn too, which every language shares; set it for one language only",
    )
    precision: Annotated[Precision, Schedule] = Field(
        default="auto",
        description="auto takes bf16 where the device computes it, else fp32; name one for a run that moves between "
        "different machines",
    )
    seed: Annotated[int, Schedule] = Field(
        default=0,
        ge=0,
        description="order, windows, augmentation and replay depend on it alone; change it to see how much is chance",
    )
    patience: Annotated[int, Schedule] = Field(
        default=2,
        ge=0,
        description="validations without a lower loss before stopping; set 0 to run all epochs",
    )
    timestamps: Annotated[float, Schedule] = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of labels that carry times; set 0 only where nobody will ask the model for word times",
    )
    prompt_share: Annotated[float, Schedule] = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of examples behind a prompt of rare words, some of them spoken, most not; set 0.3 to "
        "compare where lexicons or hotwords are used: docs/training.md",
    )
    language: Annotated[str, Schedule] = Field(
        default="fr", description="Whisper's language code of the dictations; change it for another language"
    )
    augment: Annotated[bool, Schedule] = Field(
        default=False,
        description="speed, noise and room augmentation, not in mode decoder; set it for noisy rooms and few speakers",
    )
    spec_augment: Annotated[bool, Schedule] = Field(
        default=False,
        description="hide stretches of time and bands of pitch, not in mode decoder; set it where training loss falls "
        "and validation loss does not",
    )
    full_window: Annotated[bool, Schedule] = Field(
        default=False,
        description="pad everything to 30 s, as the usual recipe does; set it to compare with that recipe",
    )
    interpolation_weights: Annotated[tuple[float, ...], Selection] = Field(
        default=(1.0, 0.8, 0.6),
        description="shares of the learnt change that are tried on validation, each averaged with the base's weights "
        "(WiSE-FT); add smaller ones where general_budget cannot be kept",
    )
    general_budget: Annotated[float, Selection] = Field(
        default=0.01,
        ge=0,
        description="by how much the general word error rate may rise (0.01 is one point); raise it where everyday "
        "French is never dictated",
    )
    window_budget: Annotated[float, Selection] = Field(
        default=0.02,
        ge=0,
        description="by how much the word error rate may rise, at most and with 95 % confidence, for a window shorter "
        "than the usual one to be served; set 0 where accuracy is worth more than latency",
    )
    beam_size: Annotated[int, Selection] = Field(
        default=5, gt=0, description="of the final evaluation; set it to what the transcriber uses"
    )
    evaluate_limit: Annotated[int | None, Selection] = Field(
        default=None,
        gt=0,
        description="at most so many dictations of each set are decoded; set it where evaluation takes longer than "
        "training",
    )
    evaluate: Annotated[bool, Selection] = Field(
        default=True, description="score the test split at the end, stock and tuned; set false for a trial run"
    )
    checkpoint_steps: Annotated[int | None, Schedule] = Field(
        default=None,
        gt=0,
        description="save and validate every so many steps, every epoch by default; set it where an epoch takes hours",
    )
    upload_interval_s: Annotated[float, Operation] = Field(
        default=300.0,
        ge=0,
        description="seconds at least between two uploads of a run's checkpoints; raise it on a slow link to the store",
    )
    upload_patience_s: Annotated[float, Operation] = Field(
        default=1800.0,
        ge=0,
        description="how long to keep trying, at the end, to reach a store that is away; raise it where the store is "
        "maintained for longer",
    )
    stop_grace_s: Annotated[float, Operation] = Field(
        default=25.0,
        gt=0,
        description="seconds after SIGTERM within which the process ends; keep it below the container's grace period",
    )
    stopped_exit_code: Annotated[int | None, Operation] = Field(
        default=None,
        ge=0,
        le=255,
        description="what the process ends with when it was asked to stop, by default 0, and 75 inside Kubernetes, "
        "whose Jobs take 0 for the end of the run; set it where your scheduler restarts by another code",
    )
    work_dir: Annotated[Path, Operation] = Field(
        default=Path("data/train"),
        description="caches and checkpoints not yet uploaded; put it on a disk that outlives the container, or a "
        "killed run repeats what was not uploaded",
    )
    threads: Annotated[int | None, Operation] = Field(
        default=None, gt=0, description="CPU threads, PyTorch's choice by default; set it where other programs run too"
    )
    grpc_port: Annotated[int | None, Operation] = Field(
        default=None,
        ge=0,
        le=65535,
        description="port of WatchRun, by default 9094 in the service and none with `carabin train`;"
        " set it to follow a run",
    )
    oidc_scope: str = Field(
        default="watch", description="scope that a JWT must grant; change it where the issuer names scopes otherwise"
    )
    metrics_port: Annotated[int | None, Operation] = Field(
        default=None,
        ge=0,
        le=65535,
        description="port of Prometheus metrics on every address, by default 9095 in the service and none with"
        " `carabin train`; set it where they are scraped",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for contradiction, sentence in self._contradictions():
            if contradiction:
                raise ValueError(sentence)
        if not self.interpolation_weights or not all(0 < weight <= 1 for weight in self.interpolation_weights):
            raise ValueError("interpolation_weights must lie above 0 and at most at 1")
        return self

    def _contradictions(self) -> Iterator[tuple[bool, str]]:
        """Yield pairs of settings of which one would silently do nothing: whether they are given, and both names."""
        chosen = {name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default}
        for name in ("augment", "spec_augment"):
            yield (
                self.mode == "decoder" and name in chosen,
                f"mode decoder caches the encoder's states, which {name} cannot change: use frozen-encoder",
            )
        yield (
            self.mode != "lora" and "lora_rank" in chosen,
            f"lora_rank is of mode lora, and mode is {self.mode}: set mode lora, or take lora_rank away",
        )
        yield (
            self.replay is None and self.replay_share > 0 and "replay_share" in chosen,
            "replay_share is a share of what replay names, and replay names no dataset: set replay too",
        )
        yield (
            self.max_steps is not None and "epochs" in chosen,
            "max_steps and epochs both say when training ends: give one of the two",
        )
        yield (
            self.grpc_port == self.metrics_port and bool(self.grpc_port),
            f"grpc_port and metrics_port are both {self.grpc_port}: give two ports",
        )

    @property
    def peak_rate(self) -> float:
        """The learning rate at the end of the warm-up."""
        return self.learning_rate or LEARNING_RATES[self.mode]

    @classmethod
    def of_role(cls, *roles: SettingRole) -> tuple[str, ...]:
        """Return the names of the settings that are marked with one of `roles`, in the order of the class."""
        return tuple(name for name, field in cls.model_fields.items() if set(roles) & set(field.metadata))

    def values_of(self, *roles: SettingRole) -> dict[str, str]:
        """Return the settings of `roles` as text; a learning rate left to the mode is the mode's own."""
        values = {name: str(getattr(self, name)) for name in self.of_role(*roles)}
        return values | ({"learning_rate": str(self.peak_rate)} if "learning_rate" in values else {})
