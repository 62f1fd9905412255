"""A checkpoint whose files disagree on a token is refused, and the token is named."""

import re
from pathlib import Path
from typing import Any

import pytest
from carabin.ct2whisper.layout import EMBEDDING
from carabin.exporter.conversion.checkpoint_gate import inspect_checkpoint
from carabin.exporter.errors import CheckpointRefused

from ..helpers.checkpoints import edit, edit_weights


def test_a_vocabulary_shrunk_by_added_tokens_is_refused(checkpoint: Path) -> None:
    edit_weights(checkpoint, lambda weights: weights.update({EMBEDDING: weights[EMBEDDING][:50365].clone()}))
    with pytest.raises(CheckpointRefused, match=r"50365 rows .* were tokens added"):
        inspect_checkpoint(checkpoint)


def test_an_added_token_in_a_timestamps_place_is_refused(checkpoint: Path) -> None:
    token = {"id": 50364, "content": "bisoprolol", "special": False}
    edit(checkpoint, "tokenizer.json", lambda content: content["added_tokens"].append(token))
    with pytest.raises(CheckpointRefused, match="bisoprolol"):
        inspect_checkpoint(checkpoint)


def test_an_added_token_without_a_text_is_refused(checkpoint: Path) -> None:
    edit(checkpoint, "tokenizer.json", lambda content: content["added_tokens"].append({"id": 50364}))
    with pytest.raises(CheckpointRefused, match="an added token without `id` and `content`"):
        inspect_checkpoint(checkpoint)


def test_a_config_of_another_vocabulary_is_refused(checkpoint: Path) -> None:
    edit(checkpoint, "config.json", lambda content: content.update(vocab_size=51866))
    with pytest.raises(CheckpointRefused, match=r"51865 rows and config\.json says 51866"):
        inspect_checkpoint(checkpoint)


def spell(content: dict[str, Any], n_timestamps: int) -> None:
    """Let the tokenizer end with its first `n_timestamps` timestamps, from id 50364 on."""
    others = [token for token in content["added_tokens"] if token["id"] < 50364]
    times = [{**others[0], "id": 50364 + number, "content": f"<|{number / 50:.2f}|>"} for number in range(n_timestamps)]
    content["added_tokens"] = others + times


@pytest.mark.parametrize("n_timestamps", [0, 1501])
def test_a_tokenizer_spells_all_timestamps_or_none(checkpoint: Path, n_timestamps: int) -> None:
    edit(checkpoint, "tokenizer.json", lambda content: spell(content, n_timestamps))
    assert inspect_checkpoint(checkpoint).vocabulary_size == 51865


@pytest.mark.parametrize("n_timestamps", [1, 1500, 1502])
def test_a_tokenizer_that_spells_some_of_them_is_refused(checkpoint: Path, n_timestamps: int) -> None:
    edit(checkpoint, "tokenizer.json", lambda content: spell(content, n_timestamps))
    with pytest.raises(CheckpointRefused, match=f"{50364 + n_timestamps} tokens, not 50364 or 51865"):
        inspect_checkpoint(checkpoint)


@pytest.mark.parametrize("token", ["<|fr|>", "<|startoftranscript|>", "<|notimestamps|>", "<|transcribe|>"])
def test_a_special_token_away_from_its_id_is_refused(checkpoint: Path, token: str) -> None:
    def move(content: dict[str, Any]) -> None:
        next(each for each in content["added_tokens"] if each["content"] == token)["content"] = "<|moved|>"

    edit(checkpoint, "tokenizer.json", move)
    with pytest.raises(CheckpointRefused, match=re.escape(f"tokenizer.json has {token} at None")):
        inspect_checkpoint(checkpoint)


def test_a_tokenizer_that_lacks_a_word_piece_is_refused(checkpoint: Path) -> None:
    def lose(content: dict[str, Any]) -> None:
        del content["model"]["vocab"]["Ġfracture"]
        content["model"]["merges"] = []

    edit(checkpoint, "tokenizer.json", lose)
    with pytest.raises(CheckpointRefused, match="one for each id from 0"):
        inspect_checkpoint(checkpoint)


def test_json_that_is_no_tokenizer_is_refused(checkpoint: Path) -> None:
    edit(checkpoint, "tokenizer.json", lambda content: content.pop("model"))
    with pytest.raises(CheckpointRefused, match=r"tokenizer\.json cannot be read"):
        inspect_checkpoint(checkpoint)


@pytest.mark.parametrize("ids", [[51865], [-1], ["50257"], 7])
@pytest.mark.parametrize("name", ["suppress_tokens", "begin_suppress_tokens"])
def test_a_suppressed_token_that_is_not_there_is_refused(checkpoint: Path, name: str, ids: object) -> None:
    edit(checkpoint, "generation_config.json", lambda content: content.update({name: ids}))
    with pytest.raises(CheckpointRefused, match=rf"generation_config\.json, {name} "):
        inspect_checkpoint(checkpoint)
