"""Installs the published client beside us and starts the real service."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.trainer.models.embedded import install_base_model

HERE = Path(__file__).parent
WHISPER_LIVE = "whisper-live==0.10.0"
CLIENT_NEEDS = ("websocket-client==1.9.0", "more-itertools==11.2.1")
NORMALIZERS = "openai-whisper==20250625"
SENTENCES = ("Le patient présente une douleur thoracique depuis ce matin.", "Il n'a pas de douleur.")
READY_S = 120


@dataclass(frozen=True)
class Published:
    """The published package in a folder of its own."""

    folder: Path

    def run(self, script: Path, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a script with the package, its few needs and a PyAudio without devices on its path."""
        command = [sys.executable, str(script), *map(str, arguments)]
        return subprocess.run(
            command, env=self.environment(), cwd=cwd, capture_output=True, text=True, timeout=400, check=False
        )

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder), str(HERE / "headless")])
        return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Install whisper-live from the package index, without the megabytes that only its server needs."""
    folder = tmp_path_factory.mktemp("whisper-live")
    _pip("install", "--no-deps", "--target", str(folder), WHISPER_LIVE, *CLIENT_NEEDS)
    return Published(folder)


@pytest.fixture(scope="session")
def published_tests(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out the published tests as they expect it: their package, the recording, a `run_server.py`."""
    work = tmp_path_factory.mktemp("published-tests")
    _pip("download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", str(work), NORMALIZERS)
    _unpack_normalizers(next(work.glob("*.tar.gz")), published.folder)
    _pip("download", "--no-deps", "--dest", str(work), WHISPER_LIVE)
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        wheel.extractall(work, [name for name in wheel.namelist() if name.startswith("tests/")])
    shutil.copytree(HERE / "assets", work / "assets")
    for script in ("run_server.py", "run_tests.py"):
        shutil.copy(HERE / script, work)
    return work


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whisper base, as CTranslate2."""
    return install_base_model(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture(scope="session")
def service_port(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run `carabin serve` with the real model as its own process; its port."""
    log = tmp_path_factory.mktemp("service") / "log.jsonl"
    command = [sys.executable, "-m", "carabin.cli", "serve", "--port", "0", "--grpc-port", "0"]
    with log.open("wb") as stream:
        process = subprocess.Popen([*command, "--model-dir", str(base_model)], stdout=stream, stderr=stream)
    try:
        yield _wait_for(process, log)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two spoken French sentences with a pause between them."""
    from py_nanotts import NanoTTS

    voice = NanoTTS()
    spoken = [np.frombuffer(voice.speak(sentence, voice="fr-FR"), np.int16) for sentence in SENTENCES]
    path = tmp_path_factory.mktemp("audio") / "dictation.wav"
    soundfile.write(path, np.concatenate([spoken[0], np.zeros(16_000, np.int16), spoken[1]]), 16_000, subtype="PCM_16")
    return path


def _wait_for(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the port once the model is loaded; the log says when."""
    from time import monotonic, sleep

    deadline = monotonic() + READY_S
    while monotonic() < deadline and process.poll() is None:
        text = log.read_text()
        port = re.search(r"Listening on http://127\.0\.0\.1:(\d+)", text)
        if port and '"event": "model_installed"' in text:
            return int(port[1])
        sleep(0.1)
    raise RuntimeError(f"the service did not become ready: {log.read_text()[-2000:]}")


def _unpack_normalizers(archive: Path, target: Path) -> None:
    """Unpack `whisper.normalizers` alone: the published tests use nothing else of that package."""
    (target / "whisper").mkdir(exist_ok=True)
    (target / "whisper" / "__init__.py").touch()
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            found = re.search(r"/whisper/normalizers/([\w.]+)$", member.name)
            if found and (stream := tar.extractfile(member)):
                place = target / "whisper" / "normalizers" / found[1]
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(stream.read())


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)
