"""A command with all the processes that it starts, and what they held together: for benches of commands that fork."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

import psutil
from fresh_process import Cost

SAMPLE_S: Final = 0.2
"""Between two looks: a peak that is shorter than that may be missed."""


def run_tree(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run one process to its end; its time and memory are those of itself and all its descendants together.

    Memory is the proportional set size, in which a page that several processes share counts once (proc(5), smaps).

    Args:
        environment: variables beside those of this process.

    Raises:
        SystemExit: the process failed; what it wrote to stderr is in the message.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = psutil.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **(environment or {})}
        )
        tree, ended = _Tree(process), threading.Event()
        watching = threading.Thread(target=tree.watch, args=(ended,))
        watching.start()
        code = process.wait()
        wall_s = time.perf_counter() - started
        ended.set()
        watching.join()
        errors.seek(0)
        if code:
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read()}")
    return Cost(wall_s, sum(tree.cpu_s.values()), tree.peak_mb)


class _Tree:
    def __init__(self, root: psutil.Popen) -> None:
        self.peak_mb = 0.0
        self.cpu_s: dict[int, float] = {}
        self._root = root

    def watch(self, ended: threading.Event) -> None:
        """Look at all processes of the tree until `ended`."""
        while not ended.wait(SAMPLE_S):
            held_mb = 0.0
            for process in self._processes():
                try:
                    held_mb += process.memory_full_info().pss / 1e6
                    times = process.cpu_times()
                    self.cpu_s[process.pid] = times.user + times.system
                except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                    continue
            self.peak_mb = max(self.peak_mb, held_mb)

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


if sys.platform != "linux":
    raise SystemExit("the proportional set size is Linux's: measure there")
