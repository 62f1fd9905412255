"""A run in a process of its own, alone or one of torchrun's: `worker.py BASE DATASET WORK STEPS CHECKPOINT_STEPS`.

Its main process writes each step and loss on a line, as JSON, and after a stop the steps that its store holds. The
process of rank STOP_RANK, if that is set, asks to stop once two steps are done.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from carabin.registry.artifacts.checkpoints import list_checkpoints
from carabin.trainer.runtime.progress import RunEvent
from tests.helpers.training import BUCKETS, EventRecorder, a_store, run, settings


class PrintingRecorder(EventRecorder):
    """Writes losses as they are recorder."""

    def __call__(self, event: RunEvent) -> None:
        super().__call__(event)
        if "loss" in event.metrics:
            sys.stdout.write(json.dumps([event.step, event.metrics["loss"]]) + "\n")
            sys.stdout.flush()


def main() -> None:
    base, dataset, work, *steps = sys.argv[1:]
    wanted = settings(
        Path(base), Path(work), max_steps=int(steps[0]), checkpoint_steps=int(steps[1]), upload_interval_s=3600.0
    )
    rank, store = os.environ.get("RANK", "0"), a_store(Path(dataset))
    recorder = PrintingRecorder() if rank == "0" else EventRecorder()

    def stopped() -> bool:
        trained = (event.done for event in recorder.events if event.phase.startswith("train"))
        return os.environ.get("STOP_RANK") == rank and max(trained, default=0) >= 2

    result = run(wanted, store, recorder=recorder, stopped=stopped)
    if rank == "0" and result.state == "stopped":
        stored = [ref.step for ref in list_checkpoints(store, BUCKETS.checkpoints_bucket, "r")]
        sys.stdout.write(json.dumps({"stored": stored}) + "\n")


if __name__ == "__main__":
    main()
