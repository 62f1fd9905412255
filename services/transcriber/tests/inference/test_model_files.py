"""A folder that is no whole model is refused before anything large is loaded."""

import json
from pathlib import Path

import pytest
from carabin.transcriber.core.errors import ModelBroken, ModelMismatch
from carabin.transcriber.inference.model_files import has_alignment, read_n_mels, read_tokenizer, require_files


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    (tmp_path / "config.json").touch()
    with pytest.raises(ModelBroken, match=r"tokenizer\.json, preprocessor_config\.json missing"):
        require_files(tmp_path, "v1")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"feature_size": null}', '{"feature_size": "many"}'])
def test_mel_bins_that_cannot_be_read_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(ModelBroken, match="feature_size"):
        read_n_mels(tmp_path, "v1")


def test_mel_bins_are_read(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text('{"feature_size": 128}')
    assert read_n_mels(tmp_path, "v1") == 128


def test_a_tokenizer_that_is_not_whispers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("not json")
    with pytest.raises(ModelBroken, match=r"tokenizer\.json cannot be read"):
        read_tokenizer(tmp_path, "v1")
    path.write_text(
        json.dumps({"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}})
    )
    with pytest.raises(ModelMismatch, match="startoftranscript"):
        read_tokenizer(tmp_path, "v1")


@pytest.mark.parametrize(
    ("text", "known"), [('{"alignment_heads": [[1, 2]]}', True), ("{}", False), ("[]", False), ("", False)]
)
def test_words_have_times_only_where_the_heads_are_known(text: str, known: bool, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    assert has_alignment(tmp_path) is known
