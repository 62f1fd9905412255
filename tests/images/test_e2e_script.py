"""`make e2e-compose` where there is nothing to run it with."""

import subprocess
import sys
from pathlib import Path

import pytest

from ..manifests.render import ROOT


@pytest.mark.parametrize(("options", "code"), [((), 3), (("--skip-is-fine",), 0)])
def test_without_an_engine_it_says_so_and_passes_only_where_that_is_fine(
    options: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/e2e_compose.py"), "--folder", str(tmp_path), *options],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "DOCKER_HOST": "unix:///nonexistent.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith("e2e-compose SKIPPED: no container engine answers")
