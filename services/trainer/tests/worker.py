"""A run in a process of its own, alone or one of torchrun's: `worker.py BASE DATASET WORK STEPS CHECKPOINT_STEPS`.

Its main process writes each step and loss on a line, as JSON.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from carabin.trainer.progress import RunEvent
from tests.training import Heard, a_store, run, settings


class Told(Heard):
    """Writes losses as they are heard."""

    def __call__(self, event: RunEvent) -> None:
        super().__call__(event)
        if "loss" in event.metrics:
            sys.stdout.write(json.dumps([event.step, event.metrics["loss"]]) + "\n")
            sys.stdout.flush()


def main() -> None:
    base, dataset, work, *steps = sys.argv[1:]
    wanted = settings(Path(base), Path(work), max_steps=int(steps[0]), checkpoint_steps=int(steps[1]))
    main_process = int(os.environ.get("RANK", "0")) == 0
    run(wanted, a_store(Path(dataset)), heard=Told() if main_process else Heard())


if __name__ == "__main__":
    main()
