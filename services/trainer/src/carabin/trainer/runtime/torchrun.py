"""torchrun, except that a stop is the workers' matter and the end is theirs: what a container starts.

torchrun takes SIGTERM for its own death. It gives its workers 30 s, kills them, and ends with 1 even where each of them
saved what it learnt and ended with 0. Here SIGTERM and SIGINT are passed on as a request, torchrun waits for as long as
its workers need, and ends with 0, with 1, or with the code of a stop (see `stopping`). Its arguments are torchrun's:

    python -m carabin.trainer.runtime.torchrun --standalone --nproc-per-node=2 -m carabin.trainer
"""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

from .stopping import CODE_VARIABLE, FOLDER_VARIABLE, StopFolder, stopped_code

PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT)
LEFT_TO_TORCHRUN: Final = "SIGHUP,SIGQUIT"


class Launch:
    """What happens to signals while the workers run."""

    def __init__(self, folder: StopFolder) -> None:
        self._folder = folder
        self.stop_requested = False

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Pass the first signal on; a second, or one before any worker reads the folder, ends all processes."""
        if self.stop_requested or not self._folder.ready:
            self.stop_requested = True
            name = signal.Signals(number)
            raise SignalException(f"ended by {name.name}", sigval=name)
        self.stop_requested = True
        self._folder.request_stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the workers as torchrun does; return 0, 1, or the code of a stop."""
    with tempfile.TemporaryDirectory(prefix="carabin-stop-") as scratch:
        folder = StopFolder(Path(scratch))
        os.environ[FOLDER_VARIABLE] = scratch
        launch = Launch(folder)
        for number in PASSED_ON:
            signal.signal(number, launch.on_signal)
        return _run(arguments, launch, folder)


def _run(arguments: Sequence[str] | None, launch: Launch, folder: StopFolder) -> int:
    options = parse_args(arguments)  # type: ignore[no-untyped-call]
    options.signals_to_handle = LEFT_TO_TORCHRUN
    try:
        run(options)  # type: ignore[no-untyped-call]
    except SignalException as error:
        if launch.stop_requested and not folder.ready:  # nothing was begun, so that nothing is lost
            return stopped_code(_wanted())
        sys.stderr.write(f"carabin-trainer: {error}, before the workers had saved: the last checkpoint is kept\n")
        return 1
    except ChildFailedError as error:
        for rank, failure in sorted(error.failures.items()):
            sys.stderr.write(f"carabin-trainer: worker {rank} ended with {failure.exitcode}; its own lines say why\n")
        return 1
    return folder.code or 0


def _wanted() -> int | None:
    value = os.environ.get(CODE_VARIABLE, "")
    return int(value) if value.isdecimal() else None


if __name__ == "__main__":
    sys.exit(main())
