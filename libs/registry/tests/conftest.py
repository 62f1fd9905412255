"""A real S3 server for the contract suite, and the fake beside it."""

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.registry.fakes import MemoryStore
from carabin.registry.manifest import ModelFormat
from carabin.registry.settings import StoreSettings
from carabin.registry.store import MinioStore, ObjectStore
from pydantic import SecretStr
from urllib3 import Retry
from urllib3.poolmanager import PoolManager

SECRET_KEY = "a-secret-of-the-tests"
READY_RETRIES = 60
FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")


def free_ports(count: int) -> list[int]:
    """Ports whose gRPC twin, 10,000 above, is a port too: SeaweedFS opens both."""
    sockets, ports = [], []
    for port in range(20_000 + os.getpid() % 1_000, 22_000):
        with socket.socket() as twin:
            candidate = socket.socket()
            try:
                candidate.bind(("127.0.0.1", port))
                twin.bind(("127.0.0.1", port + 10_000))
            except OSError:
                candidate.close()
                continue
            sockets.append(candidate)
            ports.append(port)
        if len(ports) == count:
            break
    for opened in sockets:
        opened.close()
    return ports


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SeaweedFS, started on loopback for the whole test session."""
    folder = tmp_path_factory.mktemp("seaweedfs")
    weed = shutil.which("weed") or str(Path(sys.executable).parent / "weed")
    s3, master, volume, filer, admin = free_ports(5)
    command = [
        weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false", "-admin.ui=false",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-admin.port={admin}",
        f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.allowDeleteBucketNotEmpty=false",
    ]  # fmt: skip
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "carabin", "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        retry = Retry(total=READY_RETRIES, backoff_factor=0.2, backoff_max=1, status_forcelist=(503, 500, 404))
        with PoolManager(retries=retry) as http:
            http.request("GET", f"http://127.0.0.1:{s3}/healthz")
        yield f"127.0.0.1:{s3}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def settings(endpoint: str, secret: str = SECRET_KEY) -> StoreSettings:
    return StoreSettings(endpoint=endpoint, access_key="carabin", secret_key=SecretStr(secret), secure=False)


@pytest.fixture(params=["memory", "seaweedfs"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """Each adapter in turn."""
    if request.param == "memory":
        return MemoryStore()
    return MinioStore(settings(request.getfixturevalue("s3_endpoint")))


@pytest.fixture
def bucket(store: ObjectStore) -> str:
    """A bucket of the test's own."""
    name = f"models-{uuid.uuid4().hex[:12]}"
    store.ensure_bucket(name)
    return name
