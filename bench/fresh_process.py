"""A command as a fresh process, and what it cost: for benches that measure whole commands."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LAUNCHER: Final = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
took = time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
print(json.dumps([os.waitstatus_to_exitcode(status), *took]))
"""
"""Starts what is measured from a process of a few megabytes. Linux counts into a process's peak what its parent held
at the start, for it begins as the parent's copy: started from a bench it would look as large as the bench."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One process, or several one after another."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run one process to its end and return what it took.

    Args:
        environment: variables beside those of this process.

    Raises:
        SystemExit: the process failed; what it wrote to stderr is in the message.
    """
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(launcher, capture_output=True, text=True, check=True, env=variables)
    code, wall_s, cpu_s, peak_mb = json.loads(done.stdout)
    if code:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return Cost(wall_s, cpu_s, peak_mb)
