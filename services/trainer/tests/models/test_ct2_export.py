"""A model on its way to the decoder that serves it: as a Hugging Face folder, then in CTranslate2's form."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from carabin.ct2whisper.binary import read_binary
from carabin.ct2whisper.rebuild import quantised_weight
from carabin.trainer.errors import EvaluationFailed
from carabin.trainer.models.ct2_export import processor_files, write_ct2, write_hf
from carabin.trainer.models.whisper import load_whisper, merged_state
from safetensors.torch import load_file


def test_the_weights_that_are_given_are_written_and_the_model_keeps_its_own(tiny: Path, tmp_path: Path) -> None:
    model = load_whisper(tiny)
    before = merged_state(model)
    other = {name: value + 1 for name, value in before.items()}
    target = write_hf(model, tiny, tmp_path / "given", other)
    written = load_file(target / "model.safetensors")
    assert all(torch.equal(written[name], other[name]) for name in other)
    assert all(torch.equal(value, before[name]) for name, value in merged_state(model).items())
    own = load_file(write_hf(model, tiny, tmp_path / "own") / "model.safetensors")
    assert all(torch.equal(own[name], before[name]) for name in before)


def test_the_bases_processor_comes_along_and_what_lay_there_before_goes(tiny: Path, tmp_path: Path) -> None:
    target = tmp_path / "final"
    (target / "old").mkdir(parents=True)
    write_hf(load_whisper(tiny), tiny, target)
    assert not (target / "old").exists()
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json"):
        assert (target / name).read_bytes() == (tiny / name).read_bytes()
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in target.iterdir())


def test_files_that_the_base_has_not_are_not_missed(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "generation_config.json").mkdir()
    assert processor_files(tmp_path) == [tmp_path / "tokenizer.json"]


@pytest.mark.parametrize(("form", "quantised"), [("int8", True), ("float32", False)])
def test_a_converted_model_has_the_form_that_was_asked_for(
    tiny: Path, tmp_path: Path, form: str, quantised: bool
) -> None:
    target = tmp_path / "ct2"
    (target / "old").mkdir(parents=True)
    assert write_ct2(tiny, target, form) == target
    assert {path.name for path in target.iterdir()} == {
        "model.bin", "config.json", "vocabulary.json", "tokenizer.json", "preprocessor_config.json",
    }  # fmt: skip
    assert (quantised_weight(read_binary(target / "model.bin")) is not None) is quantised


def test_int8_is_the_form_without_asking(tiny: Path, tmp_path: Path) -> None:
    assert quantised_weight(read_binary(write_ct2(tiny, tmp_path / "ct2") / "model.bin")) is not None


def test_a_checkpoint_whose_files_do_not_fit_each_other_is_not_scored(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "checkpoint"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "decoder_layers": 2}))
    with pytest.raises(EvaluationFailed, match="checkpoint: it cannot be converted: "):
        write_ct2(folder, tmp_path / "ct2")
