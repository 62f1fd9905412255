"""Running the demo's steps: each is a `carabin` command that a person could type, shown with its time."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

from carabin.registry.errors import CarabinError
from rich.console import Console

READY_TIMEOUT_S = 180.0
"""A first start downloads, verifies, loads and warms up a model: 10 s here, minutes on a loaded machine."""
READY_POLL_S = 0.5
STOP_TIMEOUT_S = 30.0

CARABIN = (sys.executable, "-m", "carabin.cli")


class DemoFailed(CarabinError):
    """A step of the demo ended without what the next one needs."""


class Steps:
    """Numbers the steps, shows each command, and says how long each step took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Head the step with its number and close it with its duration."""
        self._number += 1
        self._console.print(f"\n[bold]{self._number}. {title}[/bold]")
        started = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - started
        self._console.print(f"   [green]done in {self.seconds[title]:.0f} s[/green]")

    def note(self, text: str) -> None:
        self._console.print(f"   {text}")

    def carabin(self, *arguments: str) -> Any:
        """Run one command in its own process, its progress passed through; return the JSON that it printed.

        Raises:
            DemoFailed: the command ended with another code than 0; it has said why itself.
        """
        self._console.print(f"   [dim]$ carabin {shlex.join(arguments)}[/dim]", soft_wrap=True)
        result = subprocess.run([*CARABIN, *arguments, "--json"], stdout=subprocess.PIPE, encoding="utf-8", check=False)
        if result.returncode != 0:
            raise DemoFailed(f"`carabin {arguments[0]}` ended with code {result.returncode}; its reason stands above")
        return json.loads(result.stdout)


def require_port(port: int) -> int:
    """Make sure, before anything is started, that the transcriber will have its port; 0 takes a free one.

    Returns:
        The port.

    Raises:
        DemoFailed: another program listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoFailed(
                f"port {port} cannot be used ({error.strerror}): stop what listens there, or choose another with --port"
            ) from error
        return int(probe.getsockname()[1])


@contextmanager
def served(arguments: tuple[str, ...], port: int, log: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run `carabin serve` until the block ends; on entry it is ready, on exit it is gone.

    Raises:
        DemoFailed: the server ended or did not become ready; its log is named.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*CARABIN, "serve", *arguments], stdout=output, stderr=output, env={**os.environ, **environment}
        )
        try:
            _wait_until_ready(server, port, log)
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    # This machine's own loopback is no business of the site's proxy.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise DemoFailed(f"the transcriber ended with code {server.returncode}; its log is {log}")
        try:
            with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (HTTPError, URLError, OSError):
            time.sleep(READY_POLL_S)
    raise DemoFailed(f"the transcriber was not ready after {READY_TIMEOUT_S:.0f} s; its log is {log}")
