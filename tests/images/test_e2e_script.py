"""`make e2e-compose` where there is nothing to run it with."""

import subprocess
import sys
from pathlib import Path

from ..manifests.render import ROOT


def test_without_an_engine_it_says_so_and_does_not_fail(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/e2e_compose.py"), "--folder", str(tmp_path)],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "DOCKER_HOST": "unix:///nonexistent.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("e2e-compose SKIPPED: no container engine answers")
