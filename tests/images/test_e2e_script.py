"""`make e2e-compose` and `make e2e-kube` where there is nothing to run them with, and what they share."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ..manifests.render import ROOT, script

REASON = {
    "e2e_compose": "e2e-compose SKIPPED: no container engine answers",
    "e2e_kube": "e2e-kube SKIPPED: neither kustomize nor kubectl is installed",
}


def run_without_tools(name: str, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / f"scripts/{name}.py"), "--folder", str(folder / "work"), *options],
        env={"PATH": str(folder), "HOME": str(folder), "DOCKER_HOST": "unix:///nonexistent.sock"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", REASON)
@pytest.mark.parametrize(("options", "code"), [((), 3), (("--skip-is-fine",), 0)])
def test_without_an_engine_it_says_so_and_passes_only_where_that_is_fine(
    name: str, options: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    done = run_without_tools(name, tmp_path, *options)
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(REASON[name])


@pytest.mark.parametrize("name", REASON)
def test_the_folder_that_it_makes_is_its_owners_alone_and_keeps_no_key(name: str, tmp_path: Path) -> None:
    run_without_tools(name, tmp_path)
    assert not (tmp_path / "work/private").exists()
    assert stat.S_IMODE((tmp_path / "work").stat().st_mode) == 0o700


def test_podman_that_is_missing_is_named(tmp_path: Path) -> None:
    renders = tmp_path / "kubectl"
    renders.write_text("#!/bin/sh\n")
    renders.chmod(0o755)
    done = run_without_tools("e2e_kube", tmp_path)
    assert done.returncode == 3
    assert done.stdout == "e2e-kube SKIPPED: podman is not installed\n"


def test_keys_lie_where_their_owner_alone_can_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    keys = script("e2e_steps").private(tmp_path)
    assert keys.parent == tmp_path
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700


def test_a_command_that_may_fail_prints_nothing_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    steps = script("e2e_steps")
    with pytest.raises(steps.Failed, match="ERROR: no such wheel"):
        steps.run([sys.executable, "-c", "import sys; sys.exit('ERROR: no such wheel')"], {}, capture=True)
    assert capfd.readouterr() == ("", "")
