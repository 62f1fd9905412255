"""Three transcribers behind a real proxy, each of which can be replaced; a published client beside ours."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from carabin.registry.embedded.ports import free_ports

from ..compatibility.conftest import published
from ..faults.conftest import start
from ..faults.dictations import tiny_model
from ..faults.transcriber import PATIENCE_S, Serving, until_answered

__all__ = ["published"]

ASKED_FOR = os.environ.get("CARABIN_TEST_ROLLING")
REPLICAS = 3
SENTENCE = "Le patient présente une douleur thoracique depuis ce matin."
SPOKEN = f"{SENTENCE.removesuffix('.')} point"
"""Its full stop is said: behind one of the model's own, the words that follow would be an utterance of their own."""
AUTOTEXT = "Examen sans particularité."
DRAIN_S = 20.0
"""Live sessions may end by themselves for 60 % of it."""

HAPROXY = """
global
    maxconn 200
    stats socket {socket} mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    retries 3
    option redispatch
frontend dictation
    bind 127.0.0.1:{port}
    default_backend transcribers
backend transcribers
    balance leastconn
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 200ms fall 1 rise 1
{servers}
"""
"""What is ready gets new sessions; a session that is open keeps its replica until either end closes it."""


class Proxy:
    """A running HAProxy."""

    def __init__(self, port: int, socket_path: Path) -> None:
        self.port = port
        self._socket_path = socket_path

    def send_new_sessions(self, replica: "Replica", *, wanted: bool) -> None:
        """Say whether a replica gets new sessions, as Kubernetes does for its endpoints before a pod's SIGTERM."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._socket_path))
            admin.sendall(f"set server transcribers/r{replica.port} state {'ready' if wanted else 'drain'}\n".encode())
            assert admin.recv(1000).strip() == b""


class Replica:
    """One place behind the proxy, with a transcriber in it that is replaced."""

    def __init__(self, port: int, folder: Path, model: Path, settings: Mapping[str, str]) -> None:
        self.port = port
        self._folder, self._model, self._settings = folder, model, settings
        self._serving: Serving | None = None
        folder.mkdir()

    def start(self) -> None:
        """Start a transcriber and wait until it is ready."""
        arguments = ("--port", str(self.port), "--grpc-port", "0", "--model-dir", str(self._model))
        environment = {
            "CARABIN_TRANSCRIBER_DRAIN_S": str(DRAIN_S),
            "CARABIN_TRANSCRIBER_SESSIONS_PER_IDENTITY": "100",
            **self._settings,
        }
        self._serving = Serving(start("carabin.transcriber", *arguments, folder=self._folder, environment=environment))
        self._serving.port = self._serving.until_said("listening")["port"]
        self._serving.until_ready()

    def drain(self) -> float:
        """Send SIGTERM and wait for its end; return the seconds that it took."""
        assert self._serving is not None
        started_s = time.monotonic()
        self._serving.process.send_signal(signal.SIGTERM)
        assert self._serving.process.wait(PATIENCE_S) == 0
        self.close()
        return time.monotonic() - started_s

    def close(self) -> None:
        """End it at once, if it still runs."""
        if self._serving is not None:
            process, self._serving = self._serving.process, None
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()


@pytest.fixture(scope="module")
def haproxy_binary() -> str:
    if not ASKED_FOR:
        pytest.skip("it takes two minutes: `make e2e-rolling` runs it")
    found = os.environ.get("CARABIN_TEST_HAPROXY") or shutil.which("haproxy")
    assert found, "there is no haproxy on the path: `apt-get install haproxy`, or CARABIN_TEST_HAPROXY"
    return found


@pytest.fixture(scope="module")
def settings(haproxy_binary: str) -> Mapping[str, str]:
    """Return what the replicas' environment has beside their own; for other modules to replace."""
    return {}


@pytest.fixture(scope="module")
def said() -> str:
    """Return what the model writes of any utterance: a sentence and a command; for other modules to replace."""
    return f"{SPOKEN} efface ça"


@pytest.fixture(scope="module")
def replicas(
    settings: Mapping[str, str], said: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Replica]]:
    folder = tmp_path_factory.mktemp("replicas")
    model = tiny_model(folder, said)
    autotexts = folder / "autotexts"
    autotexts.mkdir()
    (autotexts / "constat.txt").write_text(AUTOTEXT, "utf-8")
    settings = {"CARABIN_TRANSCRIBER_AUTOTEXT_DIR": str(autotexts), **settings}
    made = [Replica(port, folder / str(port), model, settings) for port in free_ports(REPLICAS)]
    with ExitStack() as stack:
        for replica in made:
            stack.callback(replica.close)
            replica.start()
        yield made


@pytest.fixture(scope="module")
def proxy(haproxy_binary: str, replicas: list[Replica], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Run HAProxy."""
    folder = tmp_path_factory.mktemp("proxy")
    (port,) = free_ports(1)
    servers = "\n".join(f"    server r{each.port} 127.0.0.1:{each.port}" for each in replicas)
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, servers=servers, socket=folder / "admin"))
    with _running([haproxy_binary, "-db", "-f", str(folder / "haproxy.cfg")], folder / "log"):
        assert until_answered(f"http://127.0.0.1:{port}/readyz"), "the proxy passes nothing on"
        yield Proxy(port, folder / "admin")


def replace_in_turn(proxy: Proxy, replicas: list[Replica]) -> list[float]:
    """Take each replica out of the proxy, end it, start another in its place; return the seconds of each end."""
    drained_s = []
    for replica in replicas:
        proxy.send_new_sessions(replica, wanted=False)
        drained_s.append(replica.drain())
        replica.start()
        proxy.send_new_sessions(replica, wanted=True)
    return drained_s


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        yield
    finally:
        process.kill()
        process.wait()
