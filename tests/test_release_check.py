"""The release check names what is missing of a release, and never passes over images that it could not build."""

import json
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from .manifests.render import ROOT, script


@pytest.fixture
def release_check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return script("release_check")


def test_a_wheel_of_it_is_built_with_its_version_and_its_types(release_check: ModuleType, tmp_path: Path) -> None:
    (wheel,) = release_check.build_wheels(tmp_path, [ROOT / "libs/client"])
    assert release_check.wheel_problems([wheel], "0.1.0") == []
    with zipfile.ZipFile(wheel) as archive:
        assert "carabin/client/__init__.py" in archive.namelist()
    assert release_check.wheel_problems([wheel], "0.2.0") == [f"{wheel.name}: not of version 0.2.0"]


def test_every_distribution_is_one_of_its_wheels(release_check: ModuleType) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in release_check.DISTRIBUTIONS}
    assert {"libs/registry", "services/transcriber", "cli"} <= found
    assert len(found) == len(list(ROOT.glob("*/pyproject.toml")) + list(ROOT.glob("*/*/pyproject.toml")))


def test_a_package_that_a_bill_does_not_name_is_found(release_check: ModuleType, tmp_path: Path) -> None:
    lock, bill = tmp_path / "tools.lock", tmp_path / "tools.cdx.json"
    lock.write_text(
        "# Written\nminio==7.2.20 \\\n    --hash=sha256:aa\nPyJWT[crypto]==2.15.1 \\\n    --hash=sha256:bb\n"
    )
    components = [{"name": "minio", "version": "7.2.20"}, {"name": "pyjwt", "version": "2.15.1"}]
    bill.write_text(json.dumps({"components": components}))
    assert release_check.bill_problems(bill, lock) == []
    bill.write_text(json.dumps({"components": [components[0], {"name": "pyjwt", "version": "2.0.0"}]}))
    assert release_check.bill_problems(bill, lock) == ["tools.cdx.json: PyJWT==2.15.1 is missing"]


def test_notes_that_say_nothing_are_found(release_check: ModuleType, tmp_path: Path) -> None:
    assert release_check.notes_missing("0.1.0") == []
    (tmp_path / "docs").mkdir()
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 0.0.9\n\n- old\n")
    (tmp_path / "docs/upgrading.md").write_text("# Upgrading\n\n## [0.1.0] 2026-11-28\n\nNothing.\n")
    assert release_check.notes_missing("0.1.0", tmp_path) == [
        "CHANGELOG.md: neither a section 0.1.0 nor one Unreleased says anything"
    ]


@pytest.fixture
def without_network(release_check: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """What builds is left out: only what is done with the outcome is tested."""
    known = release_check.versions.versions()
    monkeypatch.setattr(release_check, "build_wheels", lambda *_: [])
    monkeypatch.setattr(release_check, "write_bills", lambda *_: [])
    monkeypatch.setattr(release_check.versions, "versions", lambda *_: {**known, "images": {}})
    monkeypatch.setattr(release_check.versions, "mismatches", list)
    monkeypatch.setenv("PATH", str(tmp_path))
    return release_check


def test_without_an_engine_it_says_so_and_ends_with_3_unless_that_is_fine(
    without_network: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "letter.txt").write_text("somebody's")
    (out / "old-0.0.1-py3-none-any.whl").write_text("")
    assert without_network.main(["--out", str(out)]) == 3
    said = capsys.readouterr().out
    assert "IMAGES NOT BUILT" in said
    assert "1. build the images on a machine with a container engine" in said
    assert [path.name for path in out.iterdir()] == ["letter.txt"], "it deletes what is its own alone"
    assert without_network.main(["--out", str(out), "--skip-images"]) == 0


@pytest.mark.parametrize(("refused", "built"), [("nothing", True), ("info", False), ("compose version", False)])
def test_an_engine_that_answers_and_has_compose_builds_every_image(
    refused: str, built: bool, release_check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\n[ "$*" != "{refused}" ] || exit 125\necho "$@" > {tmp_path}/asked\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert release_check.build_images() is built
    if built:
        assert (tmp_path / "asked").read_text() == "compose --profile * build\n"
