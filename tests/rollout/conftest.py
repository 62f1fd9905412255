"""A hospital in miniature: a store that enforces the policies, transcribers as processes, speakers, and Prometheus."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.client import ClientError, Options, connect
from carabin.registry.embedded.ports import free_ports
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Decision

from ..faults.conftest import as_role, store, surroundings
from ..faults.dictations import publish_next, tiny_model
from ..faults.speech import spoken_sentence
from ..faults.transcriber import PATIENCE_S, Serving, attended, until_answered

__all__ = ["store"]

MODEL = "tiny"
REPLICAS, SPEAKERS = 2, 5
SERVER = Path(__file__).with_name("serve.py")


class Speech:
    """Physicians who dictate one sentence after the other, each in a session of its own, until told to stop."""

    def __init__(self, urls: list[str]) -> None:
        self._urls, self._stop = urls, threading.Event()
        self.sessions = 0
        self.broken: list[str] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))

    @contextmanager
    def going_on(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    async def _all(self) -> None:
        await asyncio.gather(*(self._speaker(number) for number in range(SPEAKERS)))

    async def _speaker(self, number: int) -> None:
        samples = spoken_sentence()
        while not self._stop.is_set():
            try:
                async with connect(self._urls[number % len(self._urls)], Options(format=False)) as dictation:
                    await dictation.send(samples)
                    await dictation.finish()
                    async for _ in dictation:
                        pass
            except ClientError as error:
                self.broken.append(str(error))
            self.sessions += 1


@dataclass
class Site:
    """The registry as its administrator sees it, and the transcribers."""

    settings: StoreSettings
    files: Path
    behaviours: Path
    transcribers: list[Serving] = field(default_factory=list)

    @property
    def store(self) -> MinioStore:
        return MinioStore(self.settings)

    def publish(self, behaviour: str = "") -> str:
        """Publish a version that behaves so."""
        version = publish_next(self.store, self.settings.models_bucket, MODEL, self.files)
        known = json.loads(self.behaviours.read_text()) if self.behaviours.exists() else {}
        self.behaviours.write_text(json.dumps(known | {version: behaviour}))
        return version

    def promote(self, version: str) -> None:
        promote(self.store, self.settings.models_bucket, MODEL, version, by="t", reason="t", at=datetime.now(UTC))

    def decision(self) -> Decision:
        return read_decision(self.store, self.settings.models_bucket, MODEL)


@dataclass(frozen=True)
class Ended:
    """What a rollout left."""

    code: int
    out: str
    said: list[str]


class RollingOut:
    """`carabin models rollout` as a process with the promoter's key; what it says is read as it comes."""

    def __init__(self, site: Site, version: str, folder: Path, *options: str) -> None:
        fast = ("--steps", "30%,100%", "--hold", "5s", "--every", "1s", "--min-finals", "25", "--reason", "a test")
        self.said: list[str] = []
        self._heard = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "carabin.cli", "models", "rollout", version, "--model", MODEL, *fast, *options],
            env=surroundings(folder) | as_role(site.settings, "promoter") | {"COLUMNS": "200"},
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def until_said(self, pattern: str) -> None:
        """Wait for a line that holds this."""
        with self._heard:
            found = self._heard.wait_for(lambda: any(re.search(pattern, line) for line in self.said), PATIENCE_S)
        assert found, self.said

    def wait(self) -> Ended:
        """Wait for its end."""
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        self.process.stdout.close()
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        return Ended(code, out, self.said)

    def kill(self) -> Ended:
        """End it as a node that dies does."""
        self.process.kill()
        return self.wait()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                with self._heard:
                    self.said.append(line.rstrip())
                    self._heard.notify_all()


@pytest.fixture(scope="module")
def site(store: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two transcribers that serve a first version, while physicians dictate."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(store, tiny_model(folder), folder / "behaviours.json")
    site.promote(site.publish())
    with ExitStack() as stack:
        for number in range(REPLICAS):
            site.transcribers.append(stack.enter_context(replica(site, folder / str(number))))
        for transcriber in site.transcribers:
            transcriber.until_ready()
        speech = Speech([transcriber.websocket for transcriber in site.transcribers])
        stack.enter_context(speech.going_on())
        yield site
    assert speech.broken == []


@contextmanager
def replica(site: Site, folder: Path) -> Iterator[Serving]:
    """Run a transcriber."""
    folder.mkdir()
    environment = surroundings(folder) | as_role(site.settings, "transcriber") | {
        "CARABIN_TRANSCRIBER_MODEL_NAME": MODEL,
        "CARABIN_TRANSCRIBER_POLL_S": "0.5",
        "CARABIN_TRANSCRIBER_CACHE_DIR": str(folder / "models"),
        "CARABIN_TRANSCRIBER_WORKERS": "2",
        "CARABIN_TRANSCRIBER_SESSIONS_PER_IDENTITY": "100",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(site.behaviours), "--port", "0", "--grpc-port", "0"],
        env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with attended(process) as transcriber:
        yield transcriber


class RealPrometheus:
    """A Prometheus that scrapes the transcribers each second, and can be ended and started again."""

    def __init__(self, binary: str, folder: Path, targets: list[str]) -> None:
        self._binary, self._folder = binary, folder
        (self._port,) = free_ports(1)
        config = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "transcriber", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        command = [
            self._binary,
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]
        log = (self._folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        if not until_answered(f"{self.url}/-/ready"):
            raise RuntimeError((self._folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def prometheus(site: Site, tmp_path: Path) -> Iterator[RealPrometheus]:
    """Debian's or another real Prometheus, from the path or named by CARABIN_TEST_PROMETHEUS."""
    binary = os.environ.get("CARABIN_TEST_PROMETHEUS") or shutil.which("prometheus")
    if binary is None:
        pytest.skip("there is no prometheus on the path: `apt-get install prometheus`, or CARABIN_TEST_PROMETHEUS")
    running = RealPrometheus(binary, tmp_path, [f"127.0.0.1:{each.port}" for each in site.transcribers])
    try:
        running.start()
        yield running
    finally:
        running.stop()
