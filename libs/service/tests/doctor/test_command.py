"""The command looks at everything, prints it, and its exit code says whether a service could work."""

import json
from pathlib import Path

import pytest
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.fixtures import s3_environment, s3_settings
from carabin.service.doctor.command import main

__all__ = ["s3_environment", "s3_settings"]


@pytest.mark.usefixtures("s3_environment")
def test_a_sound_machine_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--device", "cpu", "--folder", str(tmp_path / "cache"), "--port", "0", "--json"]) == 0
    found = {finding["name"]: finding["status"] for finding in json.loads(capsys.readouterr().out)}
    assert found[f"folder {tmp_path / 'cache'}"] in ("ok", "warning")
    assert found["port 0"] == "ok"
    assert sum(name.startswith("object store") for name in found) == 4


def test_what_is_missing_is_named_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["--device", "cpu", "--folder", str(tmp_path / "file")]) == 1
    printed = capsys.readouterr().out
    assert "failed   object store: no object store is known" in printed
    assert f"failed   folder {tmp_path / 'file'}: it cannot be written" in printed
    assert "         -> " in printed


def test_a_model_that_cannot_be_opened_is_a_finding(
    s3_environment: StoreSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--device", "cpu", "--model-dir", str(tmp_path)]) == 1
    assert "failed   decode: " in capsys.readouterr().out
    assert s3_environment.endpoint


def test_a_gpu_that_is_required_and_missing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--device", "cuda", "--gpu-only"]) == 1
    assert "runtimeClassName: nvidia" in capsys.readouterr().out
    assert main(["--device", "auto", "--gpu-only"]) == 0
