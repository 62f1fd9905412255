"""How a stop reaches the processes of a run, and how their end reaches whoever started them.

A container's first process receives the signal, not the workers that train. They share a folder: the first process
writes there that a stop was requested, a worker that it reads the folder, and that it stopped before the run was
finished.
"""

import os
from pathlib import Path
from typing import Final

from carabin.service.shutdown import StopFlag, stop_on_signals

FOLDER_VARIABLE: Final = "CARABIN_TRAINER_STOP_FOLDER"
"""Set by `carabin.trainer.runtime.torchrun` for its workers; nobody else needs it."""
CODE_VARIABLE: Final = "CARABIN_TRAINER_STOPPED_EXIT_CODE"
_KUBERNETES: Final = "KUBERNETES_SERVICE_HOST"
"""Kubernetes sets it in every container."""


def stopped_code(wanted: int | None) -> int:
    """Return what a process ends with that was asked to stop: `wanted`, or what suits the place it runs in.

    0 says that nothing is lost. A Kubernetes Job would take it for the end of the run and never resume it: there it is
    75, EX_TEMPFAIL of sysexits.h, « try again later ».
    """
    if wanted is not None:
        return wanted
    return os.EX_TEMPFAIL if _KUBERNETES in os.environ else os.EX_OK


class StopFolder:
    """The folder that one machine's first process and its workers share."""

    def __init__(self, folder: Path) -> None:
        self._ready, self._requested, self._stopped = folder / "ready", folder / "requested", folder / "stopped"

    @property
    def ready(self) -> bool:
        """Whether some worker reads the folder, so that a request in it is enough."""
        return self._ready.exists()

    @property
    def requested(self) -> bool:
        """Whether the workers are to stop."""
        return self._requested.exists()

    @property
    def code(self) -> int | None:
        """What to end with, where a worker stopped before its run was finished."""
        return int(self._stopped.read_text()) if self._stopped.exists() else None

    def mark_ready(self) -> None:
        """Record that this worker reads the folder."""
        self._ready.touch()

    def request_stop(self) -> None:
        """Ask the workers to stop."""
        self._requested.touch()

    def record_stop(self, code: int) -> None:
        """Record that this worker stopped before its run was finished, and what to end with."""
        scratch = self._stopped.with_name(f"stopped-{os.getpid()}")
        scratch.write_text(str(code))
        scratch.rename(self._stopped)


class StopRequests:
    """Where a worker learns that it must stop: its own signals, and the folder that its launcher set up."""

    def __init__(self) -> None:
        named = os.environ.get(FOLDER_VARIABLE)
        self._flag: StopFlag = stop_on_signals()
        self._folder = StopFolder(Path(named)) if named else None
        if self._folder:
            self._folder.mark_ready()

    def requested(self) -> bool:
        """Return whether to stop."""
        return self._flag.is_set() or (self._folder is not None and self._folder.requested)

    def exit_code(self, wanted: int | None) -> int:
        """Return what to end with after a stop; under a launcher it is the launcher that ends so, in its own time."""
        code = stopped_code(wanted)
        if self._folder is None:
            return code
        self._folder.record_stop(code)
        return os.EX_OK
