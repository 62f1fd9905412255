"""Every way we know in which a checkpoint converts quietly and then misbehaves is refused, and named.

The known traps, by number: here T1 no lang_to_id, T2 no generation_config.json, T3 a folder without its tokenizer,
T6 no alignment heads. In test_token_gate.py T4 added tokens. In test_pipeline.py T5 a converted folder without
tokenizer.json. In test_convert.py T7 adapters, T8 shards, T9 companions, T10 file modes, T11 a tokenizer saved again,
T12 half-written targets. T13, hotwords cut in silence, is the transcriber's.
"""

import json
from pathlib import Path

import pytest
import torch
from carabin.ct2whisper.layout import EMBEDDING
from carabin.exporter.conversion.checkpoint_gate import REQUIRED_FILES, inspect_checkpoint
from carabin.exporter.errors import CheckpointRefused

from ..helpers.checkpoints import edit, edit_weights


def test_a_whole_checkpoint_passes_and_its_facts_are_read(checkpoint: Path) -> None:
    facts = inspect_checkpoint(checkpoint)
    assert (facts.n_mels, facts.vocabulary_size, facts.n_languages) == (80, 51865, 99)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_missing_file_is_named(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointRefused, match=f"{name} is missing"):
        inspect_checkpoint(checkpoint)


def test_a_lora_adapter_is_not_a_checkpoint(checkpoint: Path) -> None:
    (checkpoint / "adapter_config.json").write_text("{}")
    with pytest.raises(CheckpointRefused, match="LoRA adapter; merge it"):
        inspect_checkpoint(checkpoint)


@pytest.mark.parametrize("key", ["lang_to_id", "alignment_heads", "no_timestamps_token_id"])
def test_an_incomplete_generation_config_is_refused(checkpoint: Path, key: str) -> None:
    edit(checkpoint, "generation_config.json", lambda content: content.pop(key))
    with pytest.raises(CheckpointRefused, match=key):
        inspect_checkpoint(checkpoint)


def test_mel_bins_that_disagree_are_refused(checkpoint: Path) -> None:
    edit(checkpoint, "preprocessor_config.json", lambda content: content.update(feature_size=128))
    with pytest.raises(CheckpointRefused, match="128 mel bins, the encoder reads 80"):
        inspect_checkpoint(checkpoint)


def test_a_type_that_whisper_is_not_trained_in_is_refused_by_name(checkpoint: Path) -> None:
    edit_weights(checkpoint, lambda weights: weights.update({EMBEDDING: weights[EMBEDDING].to(torch.float64)}))
    with pytest.raises(CheckpointRefused, match=r"embed_tokens\.weight is stored as F64"):
        inspect_checkpoint(checkpoint)


def test_a_nan_weight_is_refused_by_name(checkpoint: Path) -> None:
    edit_weights(checkpoint, lambda weights: weights["model.encoder.conv1.bias"][3:4].fill_(float("nan")))
    with pytest.raises(CheckpointRefused, match=r"model\.encoder\.conv1\.bias holds NaN"):
        inspect_checkpoint(checkpoint)


def test_a_flipped_bit_in_the_header_is_refused(checkpoint: Path) -> None:
    weights = checkpoint / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[3] ^= 0x40
    weights.write_bytes(data)
    with pytest.raises(CheckpointRefused, match=r"model\.safetensors cannot be read"):
        inspect_checkpoint(checkpoint)


@pytest.mark.parametrize("head", [[1, 0], [0, 1], [0, -1], [0], "0", [[0, 0], [0, 0]]])
def test_an_alignment_head_that_is_not_there_is_refused(checkpoint: Path, head: object) -> None:
    edit(checkpoint, "generation_config.json", lambda content: content.update(alignment_heads=[[0, 0], head]))
    with pytest.raises(CheckpointRefused, match=r"the alignment head .*, the decoder 1 layers of 1 heads"):
        inspect_checkpoint(checkpoint)


@pytest.mark.parametrize("index", ['{"weight_map": 1}', "[]", "{"])
def test_an_index_that_cannot_be_followed_is_refused(checkpoint: Path, index: str) -> None:
    (checkpoint / "model.safetensors.index.json").write_text(index)
    with pytest.raises(CheckpointRefused, match="has no weight_map"):
        inspect_checkpoint(checkpoint)


def test_a_shard_that_is_not_there_is_named(checkpoint: Path) -> None:
    shards = {EMBEDDING: "model-1.safetensors"}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(CheckpointRefused, match=r"model-1\.safetensors cannot be read"):
        inspect_checkpoint(checkpoint)


def test_truncated_weights_are_refused(checkpoint: Path) -> None:
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointRefused, match=r"model\.safetensors cannot be read"):
        inspect_checkpoint(checkpoint)


def test_a_shard_outside_the_folder_is_refused(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {EMBEDDING: "../stolen"}}))
    with pytest.raises(CheckpointRefused, match=r"outside the folder: \.\./stolen"):
        inspect_checkpoint(checkpoint)
