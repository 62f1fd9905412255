"""Where a checkpoint says it came from."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import pytest
from carabin.trainer.checkpoints.lineage import COMMIT_VARIABLE, LIBRARIES, commit, fingerprint, lineage
from carabin.trainer.checkpoints.resume import RunFingerprint
from carabin.trainer.datasets.local import LocalDataset

IDENTITY = RunFingerprint(architecture="tiny", base="b" * 64, dataset="d" * 64, replay="", schedule={})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def a_git(folder: Path, script: str) -> str:
    """Write a program named git; return the PATH that finds it alone."""
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(folder)


def test_one_file_of_weights_is_its_hash(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("weights")
    (tmp_path / "config.json").write_text("{}")
    assert fingerprint(tmp_path) == sha256("weights")


def test_shards_are_hashed_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "model-00002-of-00002.safetensors").write_text("two")
    (tmp_path / "model-00001-of-00002.safetensors").write_text("one")
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    assert fingerprint(tmp_path) == f"{sha256('one')}+{sha256('two')}"


def test_pickled_weights_are_hashed_where_there_are_no_others(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_text("pickled")
    assert fingerprint(tmp_path) == sha256("pickled")
    (tmp_path / "model.safetensors").write_text("weights")
    assert fingerprint(tmp_path) == sha256("weights")


def test_lineage_names_run_base_data_code_and_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMMIT_VARIABLE, "c0ffee")
    dataset = LocalDataset("cardio", "v1", "d" * 64, Path())
    source = lineage("r", "openai/whisper-small", dataset, None, IDENTITY)
    assert source == {
        "run": "r",
        "base_model": "openai/whisper-small",
        "base_sha256": "b" * 64,
        "dataset": "cardio",
        "dataset_version": "v1",
        "dataset_sha256": "d" * 64,
        "commit": "c0ffee",
        "python": platform.python_version(),
        "libraries": source["libraries"],
    }
    assert [each.partition("=")[0] for each in source["libraries"].split()] == list(LIBRARIES)
    assert f"torch={version('torch')}" in source["libraries"].split()


def test_replayed_speech_is_named_where_there_was_some() -> None:
    dataset, general = LocalDataset("cardio", "v1", "d" * 64, Path()), LocalDataset("general", "v9", "9" * 64, Path())
    source = lineage("r", "embedded", dataset, general, IDENTITY)
    assert (source["replay"], source["replay_version"], source["replay_sha256"]) == ("general", "v9", "9" * 64)
    assert source["dataset"] == "cardio"


def test_an_image_names_its_commit_and_git_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", a_git(tmp_path, "echo from git"))
    monkeypatch.setenv(COMMIT_VARIABLE, "from the image")
    assert commit() == "from the image"
    monkeypatch.setenv(COMMIT_VARIABLE, "")
    assert commit() == "from git"


@pytest.mark.parametrize("script", [None, "exit 128"], ids=["no git", "no repository"])
def test_outside_of_a_repository_the_commit_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    monkeypatch.delenv(COMMIT_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", a_git(tmp_path, script) if script else str(tmp_path))
    assert commit() == "unknown"
