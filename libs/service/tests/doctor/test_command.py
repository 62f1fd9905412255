"""The command looks at everything, prints it, and its exit code says whether a service could work."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote
from carabin.registry.testing.fixtures import s3_environment, s3_settings
from carabin.service.doctor.command import main
from carabin.service.memory import model_bytes

__all__ = ["s3_environment", "s3_settings"]

NOW = datetime(2026, 11, 28, tzinfo=UTC)
FORMAT = ModelFormat(quantization="int8", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")


@pytest.mark.usefixtures("s3_environment")
def test_a_sound_machine_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--device", "cpu", "--folder", str(tmp_path / "cache"), "--port", "0", "--json"]) == 0
    found = {finding["name"]: finding["status"] for finding in json.loads(capsys.readouterr().out)}
    assert found[f"folder {tmp_path / 'cache'}"] in ("ok", "warning")
    assert found["port 0"] == "ok"
    assert sum(name.startswith("object store") for name in found) == 4


@pytest.mark.usefixtures("s3_environment")
def test_memory_is_counted_for_the_model_that_is_in_production_or_in_a_folder(
    s3_environment: StoreSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def memory(*options: str) -> dict[str, str]:
        main(["--device", "cpu", "--json", *options])
        findings = json.loads(capsys.readouterr().out)
        (found,) = [finding for finding in findings if "two models" in finding["name"]]
        return dict(found)

    for unknown in ((), ("--model", "cardio"), ("--model-dir", str(tmp_path / "nowhere"))):
        assert memory(*unknown)["status"] == "skipped", "nothing is in production, and there is no such folder"
    store, bucket = MinioStore(s3_environment), s3_environment.models_bucket
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(bytes(3_000_000))
    version = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT).version
    promote(store, bucket, "cardio", version, by="a", reason="r", at=NOW)
    need = f"one takes {model_bytes(3_000_000) / 1e9:.1f} GB"
    for options in (("--model", "cardio"), ("--model-dir", str(folder))):
        found = memory(*options)
        assert need in found["sentence"]
        assert found["name"] == "memory of this machine for two models"


@pytest.mark.usefixtures("s3_environment")
def test_the_clock_is_looked_at_with_keys_that_may_only_read(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--device", "cpu", "--json"])
    found = {finding["name"]: finding["status"] for finding in json.loads(capsys.readouterr().out)}
    assert [status for name, status in found.items() if name.startswith("clock against")] == ["ok"]


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
