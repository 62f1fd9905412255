"""Real transcribers that are forked with a fault of the test's choice, one after the other over one cache."""

import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import psutil
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote

from .conftest import FREE_PORTS, as_role
from .dictations import publish_next
from .forked import Ended, ForkServer, fork_server
from .transcriber import WRONG_EVENTS, Answering

IMPORTED = ("carabin.transcriber.bootstrap", "ctranslate2", "faster_whisper", "onnxruntime", "uvicorn", "minio")
PROBES = 3
NO_ANSWER = "no answer"
"""For longer than a probe waits, as from a server that gets no memory for an answer."""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class ForkedTranscriber(Answering):
    """Starts the transcribers of one model in one folder, and publishes that model's versions.

    Args:
        endpoint: the store's address that they are given, by default its own.
    """

    def __init__(
        self, server: ForkServer, settings: StoreSettings, model: str, files: Path, folder: Path, endpoint: str = ""
    ) -> None:
        self.server, self.settings, self.model, self.files, self.folder = server, settings, model, files, folder
        self.store, self.bucket = MinioStore(settings), settings.models_bucket
        self.endpoint = endpoint or settings.endpoint
        self.port = free_port()

    @property
    def cache(self) -> Path:
        return self.folder / "cache" / self.model

    def promote_next(self) -> str:
        """Publish one more version, put it into production, and return its name."""
        version = publish_next(self.store, self.bucket, self.model, self.files)
        promote(self.store, self.bucket, self.model, version, by="test", reason="test", at=datetime.now(UTC))
        return version

    def start(
        self, at: int | None = None, fault: str = "", *, log: Path | None = None, endpoint: str = "", **more: str
    ) -> None:
        """Start one; with `fault`, it happens at step `at`. `more` are settings of the transcriber."""
        environment = FREE_PORTS | as_role(self.settings, "transcriber")
        environment["CARABIN_STORE_ENDPOINT"] = endpoint or self.endpoint
        own = {
            "model_name": self.model,
            "poll_s": "0.5",
            "cache_dir": str(self.folder / "cache"),
            "workers": "1",
        } | more
        environment |= {f"CARABIN_TRANSCRIBER_{name.upper()}": value for name, value in own.items()}
        arguments = ("--port", str(self.port), "--grpc-port", "0")
        self.server.start(
            "carabin.transcriber", *arguments,
            folder=self.folder, environment=environment, at=at, fault=fault, log=log,
        )  # fmt: skip

    def stop(self) -> Ended:
        """Kill it, and return what it left; it may have logged no mistake of its own."""
        self.server.kill_now()
        ended = self.server.wait()
        for event in WRONG_EVENTS:
            assert f'"{event}"' not in ended.output, ended.output
        return ended

    def require_alive(self) -> None:
        assert self.server.alive, self.server.wait().output

    def wait_until(self, holds: Callable[[], bool], what: str, *, may_end: bool = False) -> None:
        """See `Answering`; where it waits in vain, the process ends, and the error has the end of its log."""
        try:
            super().wait_until(holds, what, may_end=may_end)
        except AssertionError as error:
            if not self.server.pid:
                raise
            self.server.kill_now()
            raise AssertionError(f"{error}; {self.server.wait().output[-4000:]}") from error

    def readiness(self) -> tuple[bool, str, str | None]:
        """Return whether it is ready, the reason why not, and its version."""
        try:
            status, body = self.ask("/readyz")
        except (URLError, ConnectionError, HTTPException):  # it may die between an answer's head and its body
            return False, "", None
        except TimeoutError:
            return False, NO_ANSWER, None
        return status == 200, body["reason"], body["model_version"]

    def lives(self) -> bool:
        """Return whether it runs and one of three liveness probes is answered; else Kubernetes starts it anew."""
        for _ in range(PROBES):
            if not self.server.alive:
                return False
            try:
                return self.ask("/livez")[0] == 200
            except (OSError, HTTPException):
                continue
        return False

    def until_ready(self, version: str | None = None) -> None:
        def serves() -> bool:
            ready, _, serving = self.readiness()
            return ready and version in (None, serving)

        self.wait_until(serves, f"it serves {version or 'a model'}")

    def until_decided(self) -> tuple[bool, str]:
        """Wait until it is ready, says why not or cannot answer, or has ended; return whether it is, and its reason."""
        found = False, ""

        def decided() -> bool:
            nonlocal found
            if not self.server.alive:
                return True
            ready, reason, _ = self.readiness()
            found = ready, reason
            said = any(word in reason for word in ("cannot", "memory", "Skewed", NO_ANSWER))
            return ready or said

        self.wait_until(decided, "it is ready or says why not", may_end=True)
        return found

    def limit(self, kind: int, soft: int) -> None:
        """Limit a resource of the process that runs; the limit can be lifted again."""
        resource.prlimit(self.server.pid, kind, (soft, resource.RLIM_INFINITY))

    def leave_memory(self, size_bytes: int) -> None:
        """Let the process that runs take so much more than it has, and no more."""
        used = psutil.Process(self.server.pid).memory_info().vms
        self.limit(resource.RLIMIT_AS, used + size_bytes)

    def give_room(self) -> None:
        """Lift the limits of disk and memory of the process that runs."""
        for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_AS):
            resource.prlimit(self.server.pid, kind, UNLIMITED)

    def require_sound_cache(self, version: str, *others: str) -> None:
        """The cache must hold this version as the one in production, the others, and nothing half beside them."""
        found = {path.name for path in self.cache.iterdir()}
        assert found == {".production", *(f"{each}{end}" for each in (version, *others) for end in ("", ".json"))}
        assert (self.cache / ".production").read_text() == version


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def transcriber_forks(folder: Path) -> Iterator[ForkServer]:
    """Keep the process from which transcribers are forked for as long as the block lasts."""
    with fork_server(folder, IMPORTED) as server:
        yield server
