"""What can be wrong with a checkpoint's or a converted model's files.

* Ct2WhisperError
  x BinaryInvalid     a model.bin is cut off, or is no Whisper of the version that CTranslate2 writes
  x TensorsInvalid    a checkpoint's safetensors files are missing, damaged, or of a type that is not read
  x WeightsUnfit      the files of a checkpoint do not fit each other, or a value does not fit a form
"""

from pathlib import Path

from carabin.registry.errors import CarabinError


class Ct2WhisperError(CarabinError):
    """Base of everything that this library raises on purpose; `reason` leaves out where the files lie."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class BinaryInvalid(Ct2WhisperError):
    """The model.bin at `path` cannot be read as a CTranslate2 Whisper; the reason names the byte."""


class TensorsInvalid(Ct2WhisperError):
    """The weights of the checkpoint folder at `path` cannot be read."""


class WeightsUnfit(Ct2WhisperError):
    """The checkpoint folder at `path` cannot be converted as its config.json describes it."""
