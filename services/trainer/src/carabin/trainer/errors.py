"""What can go wrong before and while training.

* TrainerError
  x BaseModelRefused   the base model is not the published one, or cannot be trained from
  x Ct2FormatInvalid   a file is not the CTranslate2 binary that it claims to be
  x DatasetError
    + DatasetInvalid     a dataset folder or file cannot be read as one of ours
    + DatasetRefused     the gate found files that must not be learnt from; nothing was published
    + EngineMissing      a speech engine is unknown or not installed
    + SynthesisFailed    a speech engine gave no usable sound
  x EvaluationFailed   a model cannot be scored: it does not load, or there is nothing to score it on
"""

from pathlib import Path

from carabin.registry.errors import CarabinError


class TrainerError(CarabinError):
    """Base of everything the trainer raises on purpose."""


class BaseModelRefused(TrainerError):
    """The base model is incomplete, altered, or in a form that must not be trained from."""


class Ct2FormatInvalid(TrainerError):
    """`file` ends early or holds something else than a CTranslate2 model."""

    def __init__(self, file: Path, offset: int, reason: str) -> None:
        super().__init__(f"{file}: not a CTranslate2 model: {reason} at byte {offset}")
        self.file = file


class DatasetError(TrainerError):
    """Base of what can be wrong with dictations, before training."""


class DatasetInvalid(DatasetError):
    """A dataset folder, split or input list is missing, broken or not one of ours."""


class DatasetRefused(DatasetError):
    """The gate found files that must not be learnt from; each is named, and nothing was published."""


class EngineMissing(DatasetError):
    """A speech engine is unknown, or what it needs is not installed."""


class SynthesisFailed(DatasetError):
    """A speech engine gave no usable sound."""


class EvaluationFailed(TrainerError):
    """A model cannot be scored."""
