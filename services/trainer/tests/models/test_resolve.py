"""Tests of where training may start."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.errors import VersionMissing
from carabin.registry.settings import StoreSettings
from carabin.trainer.errors import BaseModelRefused
from carabin.trainer.models.resolve import pin, resolve_base, source_of
from carabin.trainer.models.whisper import load_whisper
from ctranslate2.converters import TransformersConverter

from ..helpers.training import BUCKETS, a_store


@pytest.fixture(autouse=True)
def store_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_STORE_ENDPOINT", "memory")
    monkeypatch.setenv("CARABIN_STORE_ACCESS_KEY", "tests")
    monkeypatch.setenv("CARABIN_STORE_SECRET_KEY", "tests")
    assert StoreSettings().checkpoints_bucket == BUCKETS.checkpoints_bucket


def test_a_hugging_face_folder_is_taken_as_it_is(tiny: Path, tmp_path: Path) -> None:
    assert resolve_base(str(tiny), tmp_path) == tiny


def test_a_ctranslate2_folder_is_rebuilt_once(tiny: Path, tmp_path: Path) -> None:
    TransformersConverter(str(tiny), copy_files=["tokenizer.json"]).convert(
        str(tmp_path / "ct2"), quantization="float32"
    )
    rebuilt = resolve_base(str(tmp_path / "ct2"), tmp_path / "cache")
    assert load_whisper(rebuilt).config.d_model == 32
    stamp = (rebuilt / "model.safetensors").stat().st_mtime_ns
    assert resolve_base(str(tmp_path / "ct2"), tmp_path / "cache") == rebuilt
    assert (rebuilt / "model.safetensors").stat().st_mtime_ns == stamp


def test_a_checkpoint_of_a_run_is_a_base_without_its_training_state(tiny: Path, tmp_path: Path) -> None:
    store = a_store()
    publish_checkpoint(
        store, BUCKETS.checkpoints_bucket, "before", 5, tiny, datetime(2026, 1, 1, tzinfo=UTC),
        source={"dataset": "cardio"}, metrics={},
    )  # fmt: skip
    assert source_of("run:before", store) == source_of("run:before@5", store) == {"dataset": "cardio"}
    assert source_of("embedded", store) == {}
    assert pin("run:before", lambda: store) == pin("run:before@5", lambda: store) == "run:before@5"
    assert pin("embedded", lambda: store) == "embedded"
    folder = resolve_base("run:before", tmp_path / "cache", lambda: store)
    assert load_whisper(folder).config.d_model == 32
    assert resolve_base("run:before@5", tmp_path / "cache", lambda: store) == folder
    with pytest.raises(VersionMissing, match="run nobody has no checkpoint"):
        resolve_base("run:nobody", tmp_path / "cache", lambda: store)


def test_a_folder_that_is_no_whisper_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(BaseModelRefused, match=r"config\.json, tokenizer\.json, generation_config\.json missing"):
        resolve_base(str(tmp_path / "model"), tmp_path / "cache")


def test_a_base_in_the_store_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(BaseModelRefused, match="none is connected"):
        resolve_base("model:francais", tmp_path)


def test_a_step_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaseModelRefused, match="base run:before@last: the step 'last' is not a number"):
        resolve_base("run:before@last", tmp_path, a_store)


@pytest.mark.parametrize("text", ["{", "[]", '{"model_type": "bert"}'], ids=["cut off", "no object", "another model"])
def test_a_config_that_is_not_a_whispers_is_named(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "generation_config.json"):
        (folder / name).write_text(text)
    with pytest.raises(BaseModelRefused, match=r"its config\.json is not a Whisper's"):
        resolve_base(str(folder), tmp_path)
