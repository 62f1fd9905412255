"""A real transcriber as a process: what it answers, what it logs, how it stands."""

import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .conftest import COMMANDS, FREE_PORTS, start

PATIENCE_S = 120.0
"""For what a loaded machine with two cores does in seconds."""
WRONG_EVENTS = frozenset({"session_error", "decode_failed", "thread_failure", "thread_died"})
"""What a transcriber logs of its own mistakes."""


class Answering:
    """A transcriber that listens, by what it answers."""

    port = grpc_port = 0

    def require_alive(self) -> None:
        """Fail if its process has ended."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def metric(self, name: str) -> float:
        """Return a gauge or a counter without labels, or the sum over its labels."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = re.findall(rf"(?m)^{name}(?:{{[^}}]*}})? ([0-9.e+-]+|NaN)$", text)
        assert found, f"there is no metric {name}"
        return sum(float(value) for value in found)

    def until_ready(self, version: str | None = None) -> None:
        """Wait until it serves, this version if one is named."""

        def serves() -> bool:
            status, body = self.ask("/readyz")
            return status == 200 and (version is None or body["model_version"] == version)

        self.wait_until(serves, f"it serves {version or 'a model'}")

    def wait_until(self, holds: Callable[[], bool], what: str, *, may_end: bool = False) -> None:
        """Look again and again, for what no event reports; with `may_end`, `holds` says what its end means."""
        deadline = time.monotonic() + PATIENCE_S
        look_again = threading.Event()
        while not holds():
            if not may_end:
                self.require_alive()
            assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
            look_again.wait(0.1)


class Serving(Answering):
    """One whose log is read as it comes, so that it never waits for its reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def require_alive(self) -> None:
        assert self.process.poll() is None, f"the transcriber ended: {self.said[-5:]}"

    def until_said(self, event: str) -> dict[str, Any]:
        """Wait for the first line of this event."""
        with self._news:
            self._news.wait_for(lambda: self._ended or self._line(event) is not None, PATIENCE_S)
            line = self._line(event)
        assert line is not None, f"it said no {event}: {self.said[-5:]}"
        return line

    def troubles(self) -> list[str]:
        """Return the events of every line so far that is neither an event nor detail."""
        return [line["event"] for line in self.said if line["level"] not in ("info", "debug")]

    def wrong_events(self) -> list[dict[str, Any]]:
        """Return the lines of its own mistakes."""
        return [line for line in self.said if line["event"] in WRONG_EVENTS]

    def _line(self, event: str) -> dict[str, Any] | None:
        return next((line for line in self.said if line["event"] == event), None)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"event": "no JSON", "level": "error", "text": text}
            with self._news:
                self.said.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def until_answered(url: str) -> bool:
    """Look again and again, for half a minute, until an address answers well; return whether it did."""
    look_again = threading.Event()
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except OSError:
            look_again.wait(0.1)
    return False


@contextmanager
def serving(folder: Path, environment: Mapping[str, str]) -> Iterator[Serving]:
    """Run a transcriber that stays up whatever is wrong; at SIGTERM it must leave with 0."""
    surroundings = FREE_PORTS | {"CARABIN_TRANSCRIBER_CACHE_DIR": str(folder / "models")} | environment
    command = (*COMMANDS["transcriber"], "--grpc-port", "0")
    with attended(start(*command, folder=folder, environment=surroundings)) as transcriber:
        yield transcriber


@contextmanager
def attended(process: subprocess.Popen[str]) -> Iterator[Serving]:
    """Wait until a transcriber listens; behind the block it must leave with 0 at SIGTERM."""
    with process:
        try:
            transcriber = Serving(process)
            listening = transcriber.until_said("listening")
            transcriber.port, transcriber.grpc_port = listening["port"], listening["grpc_port"]
            yield transcriber
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=PATIENCE_S) == 0
        finally:
            process.kill()
            process.wait()
            transcriber._reader.join()
