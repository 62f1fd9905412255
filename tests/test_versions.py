"""Every file names the versions of versions.toml, and one that does not is found by its name."""

import shutil
from pathlib import Path

import pytest

from .manifests.render import ROOT, script

KEPT = (
    "versions.toml", "docker-compose.yml", "libs", "services", "cli", "docker", "k8s", "proto",
    "tests/compatibility/conftest.py",
)  # fmt: skip
"""What the check reads."""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("versions") / "root"
    for name in KEPT:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            wanted = shutil.ignore_patterns("*.egg-info", "__pycache__", "tests", "static", "corpus", "*.flac", "*.txt")
            shutil.copytree(source, target, ignore=wanted)
        else:
            shutil.copy(source, target)
    return root


def test_every_file_names_the_versions_of_the_one_place(copied: Path) -> None:
    versions = script("versions")
    assert versions.mismatches() == []
    assert versions.mismatches(copied) == [], "the copies that the other tests change are whole"


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("libs/registry/pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"', "registry/pyproject.toml: 0.1.1"),
        ("services/exporter/Dockerfile", "ARG VERSION=0.1.0", "ARG VERSION=0.2.0", "exporter/Dockerfile: 0.1.0, 0.2.0"),
        ("docker-compose.yml", "CARABIN_VERSION:-0.1.0}-cuda", "CARABIN_VERSION:-0.1.9}-cuda", "0.1.0, 0.1.9 in place"),
        ("docker-compose.yml", "prometheus:v3.13.3@", "prometheus:v3.13.4@", "v3.13.4@sha256"),
        ("k8s/overlays/gpu/kustomization.yaml", "newTag: 0.1.0-cuda", "newTag: 0.3.0-cuda", "overlays/gpu"),
        ("k8s/overlays/dev-cpu/kustomization.yaml", "newTag: 0.1.0-cpu", "newTag: 0.1.0-rocm", "none of our images"),
        ("proto/carabin/trainer/v1/trainer.proto", "package carabin.trainer.v1;", "package carabin.trainer.v2;", "v2"),
        ("tests/compatibility/conftest.py", "whisper-live==0.10.0", "whisper-live==0.11.0", "not whisper-live 0.10.0"),
        (
            "libs/registry/src/carabin/registry/artifacts/records.py", "SCHEMA_VERSION = 1", "SCHEMA_VERSION = 2",
            "schema 2 in place of 1",
        ),
        ("versions.toml", "correction = 1", "correction = 3", "schema 1 in place of 3"),
    ],
)  # fmt: skip
def test_a_file_that_names_another_is_found(copied: Path, name: str, before: str, after: str, said: str) -> None:
    path = copied / name
    original = path.read_text(encoding="utf-8")
    assert before in original
    path.write_text(original.replace(before, after, 1), encoding="utf-8")
    try:
        found = script("versions").mismatches(copied)
    finally:
        path.write_text(original, encoding="utf-8")
    assert any(said in sentence for sentence in found), found
