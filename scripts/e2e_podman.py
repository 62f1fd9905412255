"""Podman for `make e2e-kube`: with storage, networks and images of its own, all of them under one folder."""

import json
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kube_play
import yaml
from e2e_engine import BASE, BASE_DOCKERFILE, base_archive
from e2e_steps import ROOT, Failed, NoEngine, run

NETWORK = "carabin-e2e"
IMAGES = {
    "tools:0.1.0": "docker/tools",
    "transcriber:0.1.0-cpu": "services/transcriber",
    "exporter:0.1.0-cpu": "services/exporter",
    "trainer:0.1.0-cpu": "services/trainer",
    "e2e-object-store:latest": "docker/e2e/object-store",
}
"""Each image of the overlay, and the folder of its Dockerfile."""
LIMITED = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
ENOUGH = 4096
"""Open files and processes of a container."""
PARTS = ("storage", "run", "tmp", "net")


class Podman:
    """Podman's command, with everything that it keeps under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "podman"
        for part in PARTS:
            (self.folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = self.folder / "containers.conf"
        settings.write_text(self._settings())
        self._environment = {**os.environ, "CONTAINERS_CONF": str(settings)}
        storage, state, scratch, networks = (str(self.folder / part) for part in PARTS)
        places = ["--root", storage, "--runroot", state, "--tmpdir", scratch, "--network-config-dir", networks]
        self._command = ["podman", *places]

    def __call__(self, *arguments: str, text: str | None = None) -> str:
        """Run one command and return what it prints.

        Raises:
            Failed: it failed; with what it said.
        """
        return run([*self._command, *arguments], self._environment, capture=True, text=text)

    def both(self, *arguments: str) -> str:
        """Run one command and return what it prints on both streams, whatever its exit code."""
        done = subprocess.run(
            [*self._command, *arguments], env=self._environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.stdout

    @staticmethod
    def _settings() -> str:
        """No systemd, and limits that need not be raised: Podman's own are above those of a machine in a machine."""
        hard = {name: resource.getrlimit(limit)[1] for name, limit in LIMITED.items()}
        limits = [f"{name}={_least(value)}:{_least(value)}" for name, value in hard.items()]
        runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""
        return (
            f"[containers]\ndefault_ulimits = {json.dumps(limits)}\n"
            f'[engine]\n{runtime}cgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )

    def state(self, container: str) -> dict[str, Any]:
        """Return what Podman knows of one container."""
        found: dict[str, Any] = json.loads(self("container", "inspect", container))[0]
        return found

    def image_exists(self, name: str) -> bool:
        done = subprocess.run([*self._command, "image", "exists", name], env=self._environment, check=False)
        return done.returncode == 0

    def play(self, *manifests: kube_play.Manifest) -> None:
        """Play the manifests of one pod on the network of this run."""
        self("play", "kube", "--network", NETWORK, "-", text=yaml.safe_dump_all(manifests))


def _least(hard: int) -> int:
    return ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)


@contextmanager
def podman(folder: Path) -> Iterator[Podman]:
    """Yield a Podman that has a network and runs nothing; in the end whatever runs and its volumes are removed.

    Raises:
        NoEngine: it is not installed, or does not work here.
    """
    if shutil.which("podman") is None:
        raise NoEngine("podman is not installed")
    engine = Podman(folder)
    try:
        engine("info")
        if NETWORK not in engine("network", "ls", "--format", "{{.Name}}").split():
            engine("network", "create", NETWORK)
    except Failed as reason:
        raise NoEngine(f"podman does not work on this machine: {reason}") from None
    try:
        yield engine
    finally:
        for command in (
            ("pod", "rm", "--force", "--all", "--time", "5"), ("volume", "rm", "--force", "--all"),
            ("secret", "rm", "--all"), ("network", "rm", "--force", NETWORK), ("image", "unmount", "--all"),
        ):  # fmt: skip
            engine(*command)
        # Podman keeps its layers mounted on themselves, and those of a build that was cut off: none could be removed.
        mounted = str(engine.folder / "storage/overlay")
        subprocess.run(["umount", "--recursive", mounted], stderr=subprocess.DEVNULL, check=False)


def build_images(engine: Podman, folder: Path, secret: Path) -> None:
    """Build what is not there yet, from docker/wheels alone: the Dockerfiles are the repository's own.

    Args:
        secret: a pip.conf.
    """
    base = f"localhost/{BASE}:python"
    if not engine.image_exists(base):
        engine("import", "--quiet", "--change", 'CMD ["python3"]', str(base_archive(folder)), f"{BASE}:debian")
        _build(engine, base, BASE_DOCKERFILE, folder, ())
    ignored = folder / "ignore"
    # Buildah 1.28 enters no folder of which a pattern admits a part alone.
    ignored.write_text(re.sub(r"(?m)^(!\w+)/\*/.*$", r"\1", (ROOT / ".dockerignore").read_text(encoding="utf-8")))
    values = {"PYTHON_IMAGE": base, "VARIANT": "cpu"}
    for name, place in IMAGES.items():
        text = (ROOT / place / "Dockerfile").read_text(encoding="utf-8")
        given = [f"--build-arg={key}={value}" for key, value in values.items() if f"ARG {key}" in text]
        options = ("--ignorefile", str(ignored), "--secret", f"id=pip,src={secret}", *given)
        needed = kube_play.without_other_stages(text, values)
        _build(engine, f"localhost/carabin/{name}", needed, folder, options)


def _build(engine: Podman, name: str, dockerfile: str, folder: Path, options: tuple[str, ...]) -> None:
    path = folder / "Dockerfile"
    path.write_text(dockerfile)
    engine(
        "build", "--isolation", "chroot", "--network", "host", "--pull-never", "--format", "docker",
        "--tag", name, "--file", str(path), *options, str(ROOT),
    )  # fmt: skip


def hardened(engine: Podman, container: str, declared: Mapping[str, Any]) -> list[str]:
    """Return what a running container has otherwise than its manifest says: nothing where all is as declared."""
    state = engine.state(container)
    host, wrong = state["HostConfig"], []
    status = engine("exec", container, "cat", "/proc/1/status")
    for line in ("Uid:\t10001", "Gid:\t10001", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"):
        if line not in status:
            wrong.append(f"/proc/1/status has no {line!r}")
    if not host["ReadonlyRootfs"]:
        wrong.append("its root file system can be written")
    memory = declared["resources"]["limits"]["memory"]
    if host["Memory"] != kube_play.bytes_of(memory):
        wrong.append(f"its memory is limited to {host['Memory']} bytes in place of {memory}")
    return wrong
