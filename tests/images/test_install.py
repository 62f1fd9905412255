"""The steps of each Dockerfile, without a container engine: the locked packages and our wheels in an empty environment.

torch, 200 MB and another build for each image, is borrowed from the environment of the tests at the same version.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..manifests.render import ROOT, script

PYTHON = "3.11"
BORROWED = ("torch", "torch-*.dist-info", "torchgen", "functorch")
ENTRYPOINTS = {
    "tools": (["carabin", "--help"], ["python", "-m", "carabin.cli.bootstrap", "--help"]),
    "transcriber": (["carabin-transcriber", "--help"],),
    "exporter": (["carabin-exporter", "--help"], ["carabin-exporter", "serve", "--help"]),
    "trainer": (["torchrun", "--help"], ["python", "-m", "carabin.trainer", "--help"]),
}


def uv(*arguments: str) -> None:
    """Run uv, which installs from its cache in seconds where pip takes a minute; a failure shows its own words."""
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def install(image: str, folder: Path) -> Path:
    """Install `image`'s lock and our wheels into an empty environment; return its folder of commands."""
    environment, sources = folder / "environment", folder / "sources"
    uv("venv", "--quiet", "--python", PYTHON, str(environment))
    python = str(environment / "bin/python")
    lock = str(ROOT / f"requirements/{image}.lock")
    uv(
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "-r",
        lock,
    )
    ours = []
    for distribution in script("lock_images").IMAGES[image]:
        # A copy: building a wheel writes beside its sources.
        ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "build")
        ours.append(str(shutil.copytree(ROOT / distribution, sources / distribution, ignore=ignored)))
    uv("pip", "install", "--quiet", "--python", python, "--no-deps", *ours)
    if image in ("exporter", "trainer"):
        borrow_torch(environment)
    return environment / "bin"


def borrow_torch(environment: Path) -> None:
    """Link torch and the command torchrun into `environment`."""
    import torch

    here = Path(torch.__file__).parents[1]
    (there,) = environment.glob("lib/python*/site-packages")
    for pattern in BORROWED:
        for path in here.glob(pattern):
            (there / path.name).symlink_to(path)
    torchrun = environment / "bin/torchrun"
    torchrun.write_text(
        f"#!{environment}/bin/python\nimport sys\nfrom torch.distributed.run import main\nsys.exit(main())\n"
    )
    torchrun.chmod(0o755)


@pytest.mark.parametrize("image", ENTRYPOINTS)
def test_an_empty_environment_with_the_lock_runs_the_entrypoint(image: str, tmp_path: Path) -> None:
    commands = install(image, tmp_path)
    # Read-only images have no home; nothing of ours may lean on the environment of the tests.
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    for entrypoint in ENTRYPOINTS[image]:
        command = [str(commands / entrypoint[0]), *entrypoint[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        assert done.returncode == 0, f"{' '.join(entrypoint)}: {done.stderr}"
        assert "usage" in done.stdout.lower(), done.stdout
