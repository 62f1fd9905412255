"""Services in processes that are forked from one which has imported them, each with a fault of the test's choice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from .conftest import surroundings

SERVER = Path(__file__).with_name("fork_server.py")


@dataclass(frozen=True)
class Ended:
    """What a process left: its exit code (minus the signal that ended it) and all that it wrote."""

    code: int
    output: str

    def require_one_error(self, program: str) -> str:
        """It must have failed with one sentence on its last line, and no traceback; return that sentence."""
        assert "Traceback" not in self.output, self.output
        assert self.code == 1, (self.code, self.output)
        last = self.output.strip().splitlines()[-1]
        assert last.startswith(f"{program}: "), self.output
        return last


class ForkServer:
    """Starts one process at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = 0

    def start(
        self, module: str, *arguments: str,
        folder: Path, environment: Mapping[str, str], at: int | None = None, fault: str = "", log: Path | None = None,
    ) -> int:  # fmt: skip
        """Start `python -m module` in `folder`; with `fault`, it happens at step `at`. Return the process's id."""
        order: dict[str, Any] = {
            "module": module, "arguments": arguments, "folder": str(folder), "at": at, "fault": fault,
            "environment": surroundings(folder) | environment, "log": str(log or os.devnull),
        }  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self.pid = self._answer()["pid"]
        return self.pid

    def wait(self) -> Ended:
        """Wait for the end of the process that was started last."""
        ended = Ended(**self._answer())
        self.pid = 0
        return ended

    @property
    def alive(self) -> bool:
        """Whether the process that was started last still runs."""
        return self.pid != 0 and psutil.pid_exists(self.pid)

    def kill_now(self) -> None:
        """End it at once; `wait` returns what it left."""
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send a signal, unless it ended already."""
        assert self.pid, "no process was started"
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def fork_server(folder: Path, modules: Sequence[str]) -> Iterator[ForkServer]:
    """Run a fork server for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), *modules],
        env=surroundings(folder), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        server = ForkServer(process)
        try:
            yield server
        finally:
            if server.pid:
                server.kill_now()
            process.kill()
