"""`carabin export` from a shell's point of view: a real store, a real Whisper, true exit codes."""

import json
import shutil
from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.exporter.validation.samples import SHIPPED_SENTENCE
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import list_versions
from carabin.registry.connect import connect
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.fixtures import s3_environment, s3_settings
from carabin.trainer.models.embedded import install_base_model
from faster_whisper import WhisperModel, decode_audio

__all__ = ["s3_environment", "s3_settings"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stock Whisper base, as the demo publishes it."""
    return install_base_model(tmp_path_factory.mktemp("base") / "model")


def test_a_folder_goes_in_is_listed_and_comes_out_ready_for_faster_whisper(
    s3_environment: StoreSettings, base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--ct2-folder", str(base), "--name", "stock", "--json"]) == 0
    out, err = capfd.readouterr()
    described = json.loads(out)[0]
    assert (described["quantization"], described["smoke"], described["signed"]) == ("float16", SHIPPED_SENTENCE, False)
    assert "publish" in err

    assert main(["export", "--ct2-folder", str(base), "--name", "stock"]) == 0
    assert f"stock {described['version']} (float16) is a candidate" in capfd.readouterr().out
    assert list_versions(connect(), s3_environment.models_bucket, "stock") == [described["version"]]

    assert main(["export", "list", "--name", "stock", "--json"]) == 0
    record = json.loads(capfd.readouterr().out)[0]
    assert (record["state"], list(record["versions"].values())) == ("done", [described["version"]])
    assert main(["export", "list", "--name", "stock"]) == 0
    assert record["id"] in capfd.readouterr().out
    assert main(["export", "list", "--name", "stok"]) == 1
    assert "holds no model 'stok'; it holds stock" in capfd.readouterr().err
    assert main(["export", "cancel", record["id"], "--name", "stock"]) == 0
    assert "is done" in capfd.readouterr().out

    target = tmp_path / "out"
    assert main(["export", "download", described["version"], str(target), "--name", "stock"]) == 0
    assert ModelManifest.from_bytes((target / "manifest.json").read_bytes(), "it").version == described["version"]
    audio = decode_audio(str(target / "smoke.wav"))
    segments, _ = WhisperModel(str(target), local_files_only=True).transcribe(audio, language="fr", beam_size=1)
    assert "".join(segment.text for segment in segments).strip() == SHIPPED_SENTENCE
    assert main(["export", "download", described["version"], str(target), "--name", "stock"]) == 1


def test_refusals_are_one_sentence_and_exit_code_1(
    s3_environment: StoreSettings, base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = Path(shutil.copytree(base, tmp_path / "broken"))
    (broken / "preprocessor_config.json").unlink()
    for arguments, sentence in (
        (["--ct2-folder", str(broken)], "broken: refused as a model: preprocessor_config.json is missing"),
        (["--ct2-folder", str(broken)], "failed before: preprocessor_config.json is missing; `--retry` tries again"),
        (["--folder", str(tmp_path / "nothing")], "nothing: there is no such folder"),
        (["run-9"], "run run-9 has no complete checkpoint"),
        (["run-9@x"], "'run-9@x' is neither RUN nor RUN@STEP"),
        (["--folder", str(base), "--quantization", "int4"], "unknown quantization 'int4'"),
        (["--ct2-folder", str(base), "--smoke-wav", "a.wav"], "--smoke-wav and --smoke-text belong together"),
        (["--ct2-folder", str(base), "--smoke-wav", "a.wav", "--smoke-text", "x"], "there is no such recording"),
    ):
        assert main(["export", *arguments, "--name", "stock"]) == 1, arguments
        shown = capfd.readouterr().err.splitlines()[-1]
        assert shown.startswith("carabin: ")
        assert sentence in shown
    assert list_versions(connect(), s3_environment.models_bucket, "stock") == []


def test_folder_in_the_place_of_a_run_is_told_where_it_belongs(
    s3_environment: StoreSettings, base: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(base), "--name", "stock"]) == 2
    assert "--folder" in capfd.readouterr().err


def test_wrong_usage_is_exit_code_2(s3_environment: StoreSettings, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["export"]) == 2
    assert main(["export", "run-1", "--folder", "x", "--name", "stock"]) == 2
    assert "exactly one of" in capfd.readouterr().err
    assert main(["export", "--ct2-folder", "x", "--quantization", "int8", "--name", "stock"]) == 2
    assert "leave --quantization out" in capfd.readouterr().err
    assert main(["export", "--help"]) == 0
    assert "Example: carabin export" in capfd.readouterr().out


def test_the_help_names_the_form_that_is_made_unasked(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "checkpoint", "--help"]) == 0
    assert "[default: float16]" in " ".join(capfd.readouterr().out.split())
