"""What can go wrong before and while training.

* TrainerError
  x BaseModelRefused   the base model is not the published one, or cannot be trained from
  x Ct2FormatInvalid   a file is not the CTranslate2 binary that it claims to be
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
