"""Servers under test as processes: ours and the published one, and what they cost."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PEER = "whisper-live==0.10.0"
PEER_NEEDS = ("websocket-client==1.9.0",)
READY_S = 180.0
HEALTH_EVERY_S = 0.5
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""For servers that set their decoder's threads themselves; WhisperLiveKit's follow this variable: not set."""

PEER_SERVER = """
import sys
from whisper_live.server import TranscriptionServer
port, model = int(sys.argv[1]), sys.argv[2]
TranscriptionServer().run("127.0.0.1", port=port, backend="faster_whisper", single_model=True, max_clients=64,
                          faster_whisper_custom_model_path=model, max_connection_time=3600)
"""
"""Its command-line script is not in the wheel; this calls what that script calls."""


class Process:
    """A running server and what the kernel counts of it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, health_url: str = "") -> None:
        self.pid = process.pid
        self.url = url
        self.health_url = health_url
        """Empty where the server has none."""
        self._process = psutil.Process(process.pid)

    def cpu_s(self) -> float:
        """CPU seconds of all its threads so far."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def peak_mb(self) -> float:
        """Most memory that was ever resident."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def metric(self, name: str) -> float:
        """The sum of a metric's samples, as the server's `/metrics` has it now; 0 where it has none."""
        with urllib.request.urlopen(self.health_url.replace("/livez", "/metrics"), timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def resident_mb(self) -> float:
        """Memory that is resident now."""
        return float(self._process.memory_info().rss / 2**20)


@contextmanager
def server_process(command: list[str], port: int, log: Path) -> Iterator[Process]:
    """Run any command that serves as ours does."""
    with running(command, log, ONE_THREAD) as process:
        wait(lambda: _ready(port), process, log)
        yield Process(process, f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}/livez")


@contextmanager
def our_server(port: int, log: Path, *, grpc_port: int = 0, **settings: str) -> Iterator[Process]:
    """Run our service; settings are those of the environment, without their prefix."""
    environment = {f"CARABIN_TRANSCRIBER_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "carabin.transcriber", "--port", str(port), "--grpc-port", str(grpc_port)]
    with running(command, log, ONE_THREAD | environment) as process:
        wait(lambda: _ready(port), process, log)
        yield Process(process, f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}/livez")


@contextmanager
def health_answers(server: Process) -> Iterator[list[float]]:
    """Ask for the server's health twice a second; the list fills with the seconds that each answer took."""
    answers_s: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(HEALTH_EVERY_S):
            started_s = time.perf_counter()
            with urllib.request.urlopen(server.health_url, timeout=30) as answer:
                answer.read()
            answers_s.append(time.perf_counter() - started_s)

    asking = threading.Thread(target=ask, daemon=True)
    if server.health_url:
        asking.start()
    try:
        yield answers_s
    finally:
        done.set()


@contextmanager
def peer_server(python: Path, port: int, model: Path, log: Path) -> Iterator[Process]:
    """Run the published server, with one model for all clients, as its `-fw` option does."""
    with running([str(python), "-c", PEER_SERVER, str(port), str(model)], log, ONE_THREAD) as process:
        wait(lambda: listens(port), process, log)
        yield Process(process, f"ws://127.0.0.1:{port}")


def install_peer(folder: Path) -> Path:
    """Make a virtual environment with the published server and return its python.

    It sees this environment's libraries (torch, faster-whisper, CTranslate2) behind its own, so that both servers
    decode with the same ones.
    """
    python = folder / "bin" / "python"
    if python.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    ours = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    (site / "ours.pth").write_text(f"{ours}\n")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site)]
    try:
        subprocess.run([*command, PEER, *PEER_NEEDS], check=True)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return python


@contextmanager
def running(command: list[str], log: Path, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process with settings in its environment, in a folder of its own; it is ended behind the block."""
    environment = {**os.environ, **settings}
    with log.open("wb") as stream, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment, cwd=folder)
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(40)
            process.kill()
            process.wait()


def wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server is ready; ends the program with its log where it does not start."""
    deadline = time.monotonic() + READY_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"a server did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def listens(port: int) -> bool:
    """Say whether anybody takes connections on a port."""
    with suppress(OSError):
        import socket

        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    return False
