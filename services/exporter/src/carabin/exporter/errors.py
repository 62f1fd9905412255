"""What can go wrong between a checkpoint and a model version.

* ExporterError
  x CheckpointRefused   the checkpoint must not become a model; never retried by itself
  x ConversionFailed    the converter could not finish; the checkpoint may be fine
  x ModelRefused        the converted folder does not behave as the checkpoint does
"""

from pathlib import Path

from carabin.registry.errors import CarabinError


class ExporterError(CarabinError):
    """Base of everything the exporter raises on purpose."""


class CheckpointRefused(ExporterError):
    """The checkpoint in `folder` would give a model that loads and then misbehaves."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: refused as a checkpoint: {reason}")
        self.folder = folder
        self.reason = reason


class ConversionFailed(ExporterError):
    """CTranslate2 could not convert `folder`; nothing was written at the target."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: conversion failed: {reason}")
        self.folder = folder


class ModelRefused(ExporterError):
    """The converted model in `folder` failed a check that every model version must pass."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: refused as a model: {reason}")
        self.folder = folder
        self.reason = reason
