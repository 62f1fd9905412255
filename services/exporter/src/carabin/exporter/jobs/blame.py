"""Which errors of an export are its checkpoint's fault, which are not, and which are taken to be if they come again."""

from typing import Final

from carabin.registry.errors import DiskFailed, ObjectMissing, PreconditionFailed, ProvenanceInvalid, StoreError
from carabin.service.errors import ResourcesExhausted

from ..errors import CheckpointRefused, ConversionFailed, ConversionRefused

PERMANENT: Final = (CheckpointRefused, ConversionRefused, ConversionFailed)
"""Errors that the checkpoint causes: it is marked as failed, and tried again on demand only."""

PASSING: Final = (StoreError, DiskFailed, ProvenanceInvalid, ResourcesExhausted, OSError)
"""Errors of what surrounds the exporter, which say nothing of the checkpoint however often they come: a store that is
away or lets us in no longer, a disk that is full, a key that cannot be read, a machine that is short of something. The
checkpoint is tried again at every look until they are gone."""
_OF_OBJECTS: Final = (ObjectMissing, PreconditionFailed)
"""Errors of the store that are about what lies in it: a file of the checkpoint that is gone stays so."""


def counts_against_checkpoint(error: BaseException) -> bool:
    """Return whether an error that is not PERMANENT counts: one that comes again at each attempt is the checkpoint's.

    What ends the process, such as a `SystemExit`, does not.
    """
    return isinstance(error, _OF_OBJECTS) or (isinstance(error, Exception) and not isinstance(error, PASSING))
