"""Tensors are read a block of rows at a time, shards included; what is damaged is named."""

import json
from pathlib import Path

import pytest
import torch
from carabin.ct2whisper.errors import TensorsInvalid
from carabin.ct2whisper.layout import EMBEDDING
from carabin.ct2whisper.quantize import all_finite
from carabin.ct2whisper.tensors import BLOCK_BYTES, read_tensors, shards
from safetensors.torch import load_file, save_file


def test_no_tensor_is_read_whole(tmp_path: Path) -> None:
    table = torch.randn(51865, 32, generator=torch.Generator().manual_seed(7))
    save_file({EMBEDDING: table}, tmp_path / "model.safetensors")
    blocks = list(read_tensors(tmp_path)[EMBEDDING].blocks())
    assert len(blocks) > 1
    assert max(block.nbytes for block in blocks) <= BLOCK_BYTES
    assert torch.equal(torch.cat([torch.from_numpy(block) for block in blocks]), table)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_value_that_is_no_number_is_found_in_every_type(tmp_path: Path, dtype: torch.dtype, value: float) -> None:
    tensor = torch.randn(100, 1000, generator=torch.Generator().manual_seed(7)).to(dtype)
    tensor[0, 0], tensor[0, 1] = 0.0, torch.finfo(dtype).max
    for place in (None, 0, 12_345, 99_999):
        spoilt = tensor.clone()
        if place is not None:
            spoilt.view(-1)[place] = value
        save_file({"weights": spoilt}, tmp_path / "model.safetensors")
        found = read_tensors(tmp_path)["weights"]
        blocks = list(found.blocks(10_000))
        assert sum(len(block) for block in blocks) == 100
        assert all(all_finite(block, found.dtype) for block in blocks) == (place is None)


def test_a_type_that_whisper_is_not_trained_in_is_named(tmp_path: Path) -> None:
    save_file({"weights": torch.zeros(3, dtype=torch.float64)}, tmp_path / "model.safetensors")
    with pytest.raises(TensorsInvalid, match="weights is stored as F64"):
        read_tensors(tmp_path)


def test_a_file_that_is_cut_off_is_named(checkpoint: Path) -> None:
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(TensorsInvalid, match=r"model\.safetensors cannot be read"):
        read_tensors(checkpoint)


def test_shards_give_the_same_tensors(checkpoint: Path, tmp_path: Path) -> None:
    whole = load_file(checkpoint / "model.safetensors")
    names = sorted(whole)
    weight_map: dict[str, str] = {}
    for number, part in enumerate((names[::2], names[1::2])):
        file = f"model-{number}.safetensors"
        save_file({name: whole[name] for name in part}, tmp_path / file)
        weight_map |= dict.fromkeys(part, file)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert {name: tensor.shape for name, tensor in read_tensors(tmp_path).items()} == {
        name: tuple(tensor.shape) for name, tensor in whole.items()
    }


@pytest.mark.parametrize("index", ["{}", "[", '{"weight_map": {"a": "../elsewhere.safetensors"}}'])
def test_an_index_that_cannot_be_followed_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(TensorsInvalid, match=r"no weight_map|outside the folder"):
        shards(tmp_path)
