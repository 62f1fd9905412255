"""Each image's lock is whole, current and light: checked against the metadata of what is installed here."""

import re
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..manifests.render import ROOT, script

TORCH_OF_ITS_OWN = {"exporter", "trainer"}
IMAGES = ("tools", "transcriber", "exporter", "trainer")


def pins(lock: Path) -> dict[str, str]:
    """Return {canonical name: version} of a lock."""
    return {
        canonicalize_name(name): number
        for name, number in re.findall(
            r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", lock.read_text(), flags=re.MULTILINE
        )
    }


def needed(requirement: Requirement) -> set[str]:
    """Return every distribution that `requirement` brings, by the metadata of what is installed here."""
    found: set[str] = set()
    waiting = [requirement]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        key = f"{name}[{','.join(sorted(wanted.extras))}]"
        if key in found:
            continue
        found |= {key, name}
        for line in distribution(name).requires or []:
            one = Requirement(line)
            extras = wanted.extras or {""}
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(one)
    return {name for name in found if "[" not in name}


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def wanted_by(image: str) -> list[Requirement]:
    lock_images = script("lock_images")
    return [Requirement(line) for line in lock_images.requirements(lock_images.IMAGES[image])]


def test_nothing_that_a_service_imports_is_missing_from_its_image(image: str) -> None:
    locked = set(pins(ROOT / f"requirements/{image}.lock"))
    if image in TORCH_OF_ITS_OWN:
        locked |= set(pins(ROOT / "requirements/torch-cuda.lock"))
    missing: set[str] = set()
    for requirement in wanted_by(image):
        missing |= needed(requirement) - locked
    assert missing == set(), "run scripts/lock_images.py"


def test_every_image_holds_the_versions_that_the_tests_run_with(image: str) -> None:
    ours = pins(ROOT / "requirements.lock")
    differing = {
        name: (number, ours[name])
        for name, number in pins(ROOT / f"requirements/{image}.lock").items()
        if ours.get(name, number) != number
    }
    assert differing == {}, "run scripts/lock_images.py"


def test_every_locked_package_is_one_that_is_tested_here(image: str) -> None:
    for name, number in pins(ROOT / f"requirements/{image}.lock").items():
        try:
            assert version(name).split("+")[0] == number, name
        except PackageNotFoundError:
            pytest.fail(
                f"{name} is in requirements/{image}.lock and not in this environment: add it to requirements.lock"
            )


@pytest.mark.parametrize("light", ["tools", "transcriber"])
def test_images_that_only_serve_hold_no_training_library(light: str) -> None:
    heavy = {"torch", "transformers", "datasets", "peft", "accelerate", "pandas", "scipy"}
    assert heavy & set(pins(ROOT / f"requirements/{light}.lock")) == set()


def test_training_images_hold_no_web_server() -> None:
    for image in ("trainer", "exporter"):
        assert {"fastapi", "starlette", "uvicorn"} & set(pins(ROOT / f"requirements/{image}.lock")) == set()


def test_every_pin_has_its_hash(image: str) -> None:
    text = (ROOT / f"requirements/{image}.lock").read_text()
    for block in re.split(r"^(?=\S)", text, flags=re.MULTILINE):
        assert block.startswith("#") or not block or "--hash=sha256:" in block, block
