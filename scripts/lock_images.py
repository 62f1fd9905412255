"""Write requirements/*.lock: for each image what its own service needs, at the versions of requirements.lock, hashed.

Run it after requirements.lock or a distribution's dependencies changed: python scripts/lock_images.py
It asks the package index for versions' hashes through `uv`, and installs nothing.

torch is kept apart: one image takes the CPU build and another the CUDA build of the same version, which come from
different indexes and so have different hashes. torch-cuda.lock is the CUDA build with its libraries, torch-cpu.txt only
the version: PyTorch's own index serves the CPU build.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"

SHARED = ("libs/registry", "libs/service")
IMAGES = {
    "tools": (*SHARED, "libs/client", "libs/lexicon", "cli"),
    "transcriber": (*SHARED, "libs/lexicon", "services/transcriber"),
    "exporter": (*SHARED, "libs/ct2whisper", "services/exporter"),
    "trainer": (*SHARED, "libs/ct2whisper", "services/trainer"),
}
BUILD = ("setuptools>=80", "wheel")
"""What builds our own wheels, in the first stage of every image only."""
CTRANSLATE2_CUDA = ("nvidia-cublas-cu12>=12.9,<13",)
"""CTranslate2 4.8 opens libcublas.so.12 at run time, and no other library of CUDA; its metadata does not ask for it."""

PYTHON, PLATFORM = "3.11", "x86_64-manylinux_2_28"
CUDA_BUILD = re.compile(r"torch|triton|cuda-.+|nvidia-.+")
HEADER = "# Written by scripts/lock_images.py; not edited by hand.\n"


def requirements(distributions: tuple[str, ...]) -> list[str]:
    """Return what the distributions ask of the index; they ask nothing of each other there."""
    found: set[str] = set()
    for distribution in distributions:
        project = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        found |= {line for line in project["dependencies"] if not line.startswith("carabin-")}
    return sorted(found)


def blocks(lock: str) -> dict[str, str]:
    """Split a lock into {package: its line and its hashes}."""
    kept = "".join(line for line in lock.splitlines(keepends=True) if not line.lstrip().startswith("#"))
    return {re.split(r"[=\[]", block)[0]: block for block in re.split(r"^(?=\S)", kept, flags=re.MULTILINE) if block}


def resolve(wanted: list[str], constraint: Path | None) -> dict[str, str]:
    """Return every package that `wanted` needs, pinned and hashed."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--generate-hashes", "--python-version", PYTHON, "--python-platform", PLATFORM]
    command += ["--constraint", str(constraint)] if constraint else []
    done = subprocess.run(
        [*command, "-"], input="\n".join(wanted), capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        sys.exit(f"uv cannot resolve {', '.join(wanted)}:\n{done.stderr}")
    return blocks(done.stdout)


def write(name: str, packages: dict[str, str]) -> None:
    (LOCKS / name).write_text(HEADER + "".join(packages[package] for package in sorted(packages)), encoding="utf-8")
    sys.stdout.write(f"requirements/{name}: {len(packages)} packages\n")


def main() -> None:
    constraint = ROOT / "requirements.lock"
    for image, distributions in IMAGES.items():
        packages = resolve(requirements(distributions), constraint)
        cuda = {name: block for name, block in packages.items() if CUDA_BUILD.fullmatch(name)}
        write(f"{image}.lock", {name: block for name, block in packages.items() if name not in cuda})
        if image == "trainer":
            write("torch-cuda.lock", cuda)
            write("torch-cpu.txt", {"torch": cuda["torch"].split()[0] + "\n"})
    write("ctranslate2-cuda.lock", resolve(list(CTRANSLATE2_CUDA), None))
    write("build.lock", resolve(list(BUILD), None))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    main()
