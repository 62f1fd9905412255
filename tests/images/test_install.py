"""The steps of each Dockerfile, without a container engine: the locked packages and our wheels in an empty environment.

torch, 200 MB and another build for each image, is borrowed from the environment of the tests at the same version.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ..manifests.render import ROOT, script

PYTHON = "3.11"
BORROWED = ("torch", "torch-*.dist-info", "torchgen", "functorch")
HELP = {
    "tools": (
        ["carabin", "--help"],
        ["carabin", "models", "--help"],
        ["python", "-m", "carabin.cli.admin.bootstrap", "--help"],
    ),
    "transcriber": (["carabin-transcriber", "--help"],),
    "exporter": (["carabin-exporter", "--help"], ["carabin-exporter", "serve", "--help"]),
    "trainer": (["torchrun", "--help"], ["python", "-m", "carabin.trainer.runtime.torchrun", "--help"]),
}
NO_STORE = {
    "CARABIN_STORE_ENDPOINT": "127.0.0.1:1",
    "CARABIN_STORE_ACCESS_KEY": "carabin-test",
    "CARABIN_STORE_SECRET_KEY": "carabin-test-secret",
    "CARABIN_STORE_SECURE": "false",
}
"""Port 1 refuses at once: what a service says and answers while its store is away."""

Command = Callable[[str], Path]


def uv(*arguments: str) -> None:
    """Run uv, which installs from its cache in seconds where pip takes a minute; a failure shows its own words."""
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def install(image: str, folder: Path) -> Path:
    """Install `image`'s lock and our wheels into an empty environment; return its folder of commands."""
    environment, sources = folder / "environment", folder / "sources"
    uv("venv", "--quiet", "--python", PYTHON, str(environment))
    command = ("pip", "install", "--quiet", "--python", str(environment / "bin/python"), "--no-deps")
    uv(*command, "--require-hashes", "--only-binary=:all:", "-r", str(ROOT / f"requirements/{image}.lock"))
    # Copies: building a wheel writes beside its sources.
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "build")
    ours = script("lock_images").IMAGES[image]
    uv(*command, *(str(shutil.copytree(ROOT / one, sources / one, ignore=ignored)) for one in ours))
    if image in ("exporter", "trainer"):
        borrow_torch(environment)
    return environment / "bin"


def borrow_torch(environment: Path) -> None:
    """Link torch into `environment` and write its command torchrun."""
    import torch

    here = Path(torch.__file__).parents[1]
    (there,) = environment.glob("lib/python*/site-packages")
    for pattern in BORROWED:
        for path in here.glob(pattern):
            (there / path.name).symlink_to(path)
    torchrun = environment / "bin/torchrun"
    torchrun.write_text(f"#!{environment}/bin/python\nfrom torch.distributed.run import main\n\nmain()\n")
    torchrun.chmod(0o755)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return an image's folder of commands, installed when first asked for."""
    known: dict[str, Path] = {}

    def commands(image: str) -> Path:
        if image not in known:
            known[image] = install(image, tmp_path_factory.mktemp(image))
        return known[image]

    return commands


def surroundings(commands: Path, home: Path) -> dict[str, str]:
    """Return what a container's process sees; nothing of ours may lean on the environment of the tests."""
    return {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }


@pytest.mark.parametrize("image", HELP)
def test_the_lock_alone_runs_the_entrypoint(image: str, installed: Command, tmp_path: Path) -> None:
    commands = installed(image)
    for entrypoint in HELP[image]:
        done = subprocess.run(
            [str(commands / entrypoint[0]), *entrypoint[1:]],
            capture_output=True, text=True, check=False, cwd=tmp_path, env=surroundings(commands, tmp_path),
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(entrypoint)}: {done.stderr}"
        assert "usage" in done.stdout.lower(), done.stdout


def test_a_trainer_without_a_dataset_names_the_setting(installed: Command, tmp_path: Path) -> None:
    commands = installed("trainer")
    done = subprocess.run(
        [str(commands / "python"), "-m", "carabin.trainer"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=surroundings(commands, tmp_path) | NO_STORE,
    )  # fmt: skip
    assert done.returncode == 1
    assert "CARABIN_TRAINER_DATASET" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_exporter_with_a_wrong_endpoint_names_it_and_ends(installed: Command, tmp_path: Path) -> None:
    commands = installed("exporter")
    done = subprocess.run(
        [str(commands / "carabin-exporter"), "serve"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=surroundings(commands, tmp_path) | NO_STORE,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "127.0.0.1:1" in line
    assert "Traceback" not in done.stderr


def test_a_transcriber_without_its_store_lives_is_not_ready_and_leaves_at_sigterm(
    installed: Command, tmp_path: Path
) -> None:
    commands = installed("transcriber")
    environment = surroundings(commands, tmp_path) | NO_STORE
    environment["CARABIN_TRANSCRIBER_CACHE_DIR"] = str(tmp_path / "models")
    command = [str(commands / "carabin-transcriber"), "--port", "0", "--grpc-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as service:
        try:
            assert service.stderr is not None
            listening = next(line for line in service.stderr if '"listening"' in line)
            address = f"http://127.0.0.1:{json.loads(listening)['port']}"
            assert healthcheck(commands, f"{address}/livez") == 0
            assert healthcheck(commands, f"{address}/readyz") == 1
            service.send_signal(signal.SIGTERM)
            service.stderr.read()
            assert service.wait() == 0
        finally:
            service.kill()


def healthcheck(commands: Path, address: str) -> int:
    """Run what the image's HEALTHCHECK runs."""
    script = str(ROOT / "docker/healthcheck.py")
    return subprocess.run([str(commands / "python"), script, address], capture_output=True, check=False).returncode


def test_the_bill_of_materials_lists_every_locked_package(installed: Command) -> None:
    commands = installed("tools")
    bill = subprocess.run(
        [str(commands / "python"), str(ROOT / "docker/sbom.py"), "carabin/tools", "0.1.0"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    document = json.loads(bill.stdout)
    purls = {component["purl"] for component in document["components"]}
    assert document["bomFormat"] == "CycloneDX"
    assert "pkg:pypi/minio@7.2.20" in purls
    assert any(purl.startswith("pkg:pypi/carabin-registry@") for purl in purls)
    assert not any(purl.startswith("pkg:pypi/torch@") for purl in purls)
