"""Imports a service once and forks a process of its own for every run of it: `fork_server.py MODULE [MODULE...]`.

Importing the trainer takes ten times as long as a tiny run of it, and every fault needs two runs. Each line of standard
input is one order, a JSON object; the answers are lines too: the process's id, and after its end its exit code and all
that it wrote.
"""

import gc
import importlib
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import process_faults


def main() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    # A fork then neither searches what was imported for garbage, nor copies it by doing so: a tenth of a run's time.
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            run(order, writing)
        os.close(writing)
        answer({"pid": pid})
        with open(reading, "rb") as pipe:
            output = pipe.read().decode("utf-8", "replace")
        _, status = os.waitpid(pid, 0)
        answer({"code": os.waitstatus_to_exitcode(status), "output": output})


def answer(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def run(order: dict[str, Any], output: int) -> None:
    """Be the service, as `python -m` would start it; never returns."""
    try:
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        # Those of the server may stand for files, in which one can seek.
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", errors="backslashreplace")
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        sys.argv = [order["module"], *order["arguments"]]
        sys.path.pop(0)
        process_faults.install(Path(order["folder"]), Path(order["log"]), order["at"], order["fault"])
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
