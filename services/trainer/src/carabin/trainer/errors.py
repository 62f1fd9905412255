"""What can go wrong before and while training.

* TrainerError
  x BaseModelRefused   the base model is not the published one, or cannot be trained from
  x DatasetError
    + DatasetInvalid     a dataset folder or file cannot be read as one of ours
    + DatasetRefused     the gate found files that must not be learnt from; nothing was published
    + EngineMissing      a speech engine is unknown or not installed
    + SynthesisFailed    a speech engine gave no usable sound
  x EvaluationFailed   a model cannot be scored: it does not load, or there is nothing to score it on
  x TrainingError
    + SettingsRefused    two settings contradict each other, or this machine cannot do what one asks
    + LossNotFinite      the loss became NaN or infinite; the batch is named
    + OutOfMemory        one dictation alone does not fit the device
    + MemoryExhausted    this machine, or its device, has no memory left for what the run does
    + ResumeRefused      a checkpoint is of another model, dataset or mode
    + UploadFailed       a checkpoint, or the last record, did not reach the store; all is kept on this machine
    + WatchFailed        a run that trains elsewhere cannot be followed
    + Stopped            somebody asked us to stop; what was learnt is saved
"""

from collections.abc import Sequence

from carabin.registry.errors import CarabinError


class TrainerError(CarabinError):
    """Base of everything the trainer raises on purpose."""


class BaseModelRefused(TrainerError):
    """The base model is incomplete, altered, or in a form that must not be trained from."""


class DatasetError(TrainerError):
    """Base of what can be wrong with dictations, before training."""


class DatasetInvalid(DatasetError):
    """A dataset folder, split or input list is missing, broken or not one of ours."""


class DatasetRefused(DatasetError):
    """The gate found dictations that must not be learnt from; nothing was published, or no step was taken."""


class EngineMissing(DatasetError):
    """A speech engine is unknown, or what it needs is not installed."""


class SynthesisFailed(DatasetError):
    """A speech engine gave no usable sound."""


class EvaluationFailed(TrainerError):
    """A model cannot be scored."""


class TrainingError(TrainerError):
    """Base of what can go wrong once dictations and model are there."""


class SettingsRefused(TrainingError):
    """Settings contradict each other, or this machine cannot do what one of them asks."""


class LossNotFinite(TrainingError):
    """The loss of `step` is NaN or infinite; `dictations` are the SHA-256 of its batch's recordings."""

    def __init__(self, step: int, dictations: Sequence[str]) -> None:
        super().__init__(
            f"the loss is not a number at step {step}, on the dictations {', '.join(name[:12] for name in dictations)}:"
            " look at them, or lower the learning rate; the last checkpoint is kept"
        )
        self.step = step
        self.dictations = dictations


class OutOfMemory(TrainingError):
    """The device has no room for a batch, however small its parts."""

    def __init__(self, batch_size: int, parts: int) -> None:
        super().__init__(
            f"the device's memory does not hold a batch of {batch_size} in {parts} part(s): lower the batch size and"
            " raise the accumulation, or choose a lighter mode"
        )


class MemoryExhausted(TrainingError):
    """Memory ran out at any point of a run; `reason` is the library's own word for it, perhaps empty."""

    def __init__(self, run: str, reason: str) -> None:
        said = f" ({reason})" if reason else ""
        super().__init__(
            f"memory, or the number of threads that may run, does not suffice{said}: end other programs, lower the"
            " batch size, or take a machine with more; the last complete checkpoint is kept, and"
            f" `carabin train --run {run}` goes on from there"
        )


class ResumeRefused(TrainingError):
    """A checkpoint does not continue this run: another model, dataset, mode or schedule."""


class UploadFailed(TrainingError):
    """A checkpoint, or a run's last record, did not reach the store; the text names the folder that still holds it."""


class WatchFailed(TrainingError):
    """A run that trains elsewhere cannot be followed: nobody answers, or it is not done there."""


class Stopped(TrainingError):
    """The run was asked to stop, and has saved what it learnt."""
