"""The generated gRPC code is what the contracts in proto/ generate today."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROTOS = sorted((ROOT / "proto").rglob("*.proto"))


@pytest.mark.parametrize("proto", PROTOS, ids=lambda path: path.stem)
def test_generated_code_is_fresh(proto: Path, tmp_path: Path) -> None:
    outputs = (f"--{kind}_out={tmp_path}" for kind in ("python", "grpc_python", "pyi"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={ROOT / 'proto'}", *outputs, str(proto)]
    subprocess.run(command, check=True)
    service = proto.relative_to(ROOT / "proto").parts[1]
    generated = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(generated) == 3
    for path in generated:
        committed = ROOT / "services" / service / "src" / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), f"{committed} is stale: run `make proto`"
