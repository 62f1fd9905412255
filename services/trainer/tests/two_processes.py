"""One of several processes of a run, started by torchrun: `two_processes.py BASE DATASET FOLDER`."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.training import Heard, a_store, run, settings


def main() -> None:
    base, dataset, folder = (Path(argument) for argument in sys.argv[1:])
    heard = Heard()
    run(settings(base, folder / "two", max_steps=4, checkpoint_steps=4), a_store(dataset), heard=heard)
    if os.environ["RANK"] == "0":
        (folder / "losses.json").write_text(json.dumps(heard.losses))


if __name__ == "__main__":
    main()
