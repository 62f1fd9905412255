"""The Dockerfiles say the same things about every image, and say them well."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = ("services/transcriber", "services/exporter", "services/trainer", "docker/tools")


@pytest.fixture(params=DOCKERFILES)
def dockerfile(request: pytest.FixtureRequest) -> str:
    return (ROOT / request.param / "Dockerfile").read_text(encoding="utf-8")


def copied_paths(text: str) -> list[str]:
    """Return what is copied from the repository, not from another stage."""
    copies = re.findall(r"^COPY (?!--from)(\S+) ", text, flags=re.MULTILINE)
    return [*copies, *re.findall(r"type=bind,source=(\S+?),", text)]


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint is not None
    files = [str(ROOT / folder / "Dockerfile") for folder in DOCKERFILES]
    done = subprocess.run([hadolint, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_image_stands_on_one_base_pinned_by_digest() -> None:
    bases = set()
    for folder in DOCKERFILES:
        text = (ROOT / folder / "Dockerfile").read_text(encoding="utf-8")
        bases |= set(re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", text, flags=re.MULTILINE))
        others = re.findall(r"^FROM (?!\$\{PYTHON_IMAGE\})(\S+)", text, flags=re.MULTILINE)
        stages = set(re.findall(r" AS (\S+)$", text, flags=re.MULTILINE))
        for other in others:
            assert any(other.replace("${VARIANT}", variant) in stages for variant in ("cpu", "cuda")), other
    (base,) = bases
    assert re.fullmatch(r"python:3\.11-slim-bookworm@sha256:[0-9a-f]{64}", base)


def test_every_image_runs_as_a_number_and_says_how_to_ask_its_health(dockerfile: str) -> None:
    last_stage = dockerfile.rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last_stage
    assert "\nHEALTHCHECK " in last_stage
    assert 'org.opencontainers.image.revision="${REVISION}"' in last_stage
    assert re.search(r'^ENTRYPOINT \["', last_stage, flags=re.MULTILINE)


def test_everything_is_installed_by_hash_but_the_cpu_build_of_torch(dockerfile: str) -> None:
    for install in re.findall(r"pip install (.*?)(?=\n\n|\n[A-Z#])", dockerfile, flags=re.DOTALL):
        assert "--require-hashes" in install or "torch-cpu.txt" in install or "--no-index /dist" in install, install


def test_the_torch_of_the_cpu_images_is_the_locked_one() -> None:
    locked = re.search(r"^torch==(\S+)$", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    assert locked is not None
    assert f"torch=={locked[1]}\n" in (ROOT / "requirements/torch-cpu.txt").read_text()
    assert f"torch=={locked[1]} " in (ROOT / "requirements/torch-cuda.lock").read_text()


def test_what_is_copied_exists_and_passes_the_dockerignore(dockerfile: str) -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for path in copied_paths(dockerfile):
        assert (ROOT / path).exists(), path
        assert any(Path(line.split("/*")[0]).parts[0] == Path(path).parts[0] for line in kept), path


def test_the_trainer_is_launched_by_torchrun() -> None:
    assert (
        'ENTRYPOINT ["python", "-m", "carabin.trainer.runtime.torchrun"]'
        in (ROOT / "services/trainer/Dockerfile").read_text()
    )
