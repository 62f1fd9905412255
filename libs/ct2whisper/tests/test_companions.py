"""Timestamps are added to the vocabulary where the tokenizer leaves them out; what is missing is named."""

import json
from pathlib import Path

import pytest
from carabin.ct2whisper.companions import read_config, write_config, write_vocabulary
from carabin.ct2whisper.errors import WeightsUnfit


def test_a_tokenizer_without_timestamps_gets_them_at_the_end_of_the_vocabulary(pristine: Path, tmp_path: Path) -> None:
    write_vocabulary(pristine, tmp_path, 51865)
    tokens = json.loads((tmp_path / "vocabulary.json").read_text())
    assert len(tokens) == 51865
    assert tokens[50363:50366] == ["<|notimestamps|>", "<|0.00|>", "<|0.02|>"]
    assert tokens[-1] == "<|30.00|>"


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_text('{"lang_to_id": null}')])
def test_a_generation_config_that_names_no_languages_is_refused(checkpoint: Path, tmp_path: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    spoil(checkpoint / "generation_config.json")
    with pytest.raises(WeightsUnfit, match=r"generation_config\.json cannot be followed"):
        write_config(checkpoint, tmp_path)


def test_a_tokenizer_and_a_config_that_cannot_be_read_are_named(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "tokenizer.json").write_text("{")
    (checkpoint / "config.json").write_text("[]")
    with pytest.raises(WeightsUnfit, match=r"tokenizer\.json cannot be read"):
        write_vocabulary(checkpoint, tmp_path, 51865)
    with pytest.raises(WeightsUnfit, match=r"config\.json holds no JSON object"):
        read_config(checkpoint)
