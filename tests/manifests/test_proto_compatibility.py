"""The contracts under proto/ are well formed, and clients built against the last release still understand them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .render import ROOT

BUF = Path(sys.executable).parent / "buf"
BASELINE = ROOT / "proto/baseline.binpb"


def buf(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BUF), *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_every_contract_passes_the_linter() -> None:
    done = buf("lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_contract_breaks_what_was_released() -> None:
    done = buf("breaking", "--against", str(BASELINE))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("before", "after"), [("string run = 1;", "int64 run = 1;"), ("string run = 1;", "string run = 12;")]
)
def test_a_change_of_type_or_number_is_found(before: str, after: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    contract = tmp_path / "proto/carabin/trainer/v1/trainer.proto"
    original = contract.read_text(encoding="utf-8")
    assert before in original
    contract.write_text(original.replace(before, after, 1))
    done = buf("breaking", "--against", str(BASELINE), cwd=tmp_path)
    assert done.returncode != 0
    assert 'Field "1"' in done.stdout or 'field "1"' in done.stdout
