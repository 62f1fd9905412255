"""What can go wrong between a checkpoint and a model version.

* ExporterError
  x CheckpointRefused   the checkpoint must not become a model; never retried by itself
  x ConversionFailed    the converter could not finish; the checkpoint may be fine
  x ConversionRefused   the converted folder does not behave as the checkpoint does
  x RequestInvalid      the request itself makes no sense: an unknown form, a file that is not there
  x ExportFailedBefore  this checkpoint failed earlier and is retried on demand only
  x ExportBusy          another exporter works on this checkpoint now
  x ExportCancelled     somebody asked for this export to stop
  x ExportUnknown       no export has this id
  x LeaseLost           another exporter took the work over; what we did is not published
  x QueueFull           too many exports wait in this process
  x FollowersFull       too many callers follow exports over gRPC
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
        self.reason = reason


class ConversionRefused(ExporterError):
    """The converted model in `folder` failed a check that every model version must pass."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: refused as a model: {reason}")
        self.folder = folder
        self.reason = reason


class RequestInvalid(ExporterError):
    """The request cannot be carried out as it stands."""


class ExportFailedBefore(ExporterError):
    """The checkpoint is marked as failed; asking for a retry is the only way on."""


class ExportBusy(ExporterError):
    """Another exporter holds the lease on this checkpoint."""


class ExportCancelled(ExporterError):
    """The export was asked to stop; nothing of it is visible."""


class ExportUnknown(ExporterError):
    """No export has this id."""


class LeaseLost(ExporterError):
    """The lease expired and another exporter took the work over."""


class QueueFull(ExporterError):
    """Too many exports wait here."""


class FollowersFull(ExporterError):
    """Too many callers follow exports over gRPC."""
