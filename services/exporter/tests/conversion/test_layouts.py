"""A notebook's folder is taken as it lies there: its processor in either layout, its tokenizer old or new."""

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from carabin.exporter.__main__ import main
from carabin.exporter.conversion.checkpoint_gate import TO_SAFETENSORS, inspect_checkpoint
from carabin.exporter.conversion.layouts import complete
from carabin.exporter.errors import CheckpointRefused
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.request import ExportRequest
from carabin.exporter.sources import FolderCheckpoint
from carabin.exporter.validation.samples import SHIPPED_SENTENCE
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from ..helpers.checkpoints import convert


@pytest.fixture
def notebook(pristine_checkpoint: Path, tmp_path: Path) -> Path:
    """The whole output folder of a notebook with the pinned transformers: one step of training, then `save_model`."""
    folder = tmp_path / "notebook"
    processor = WhisperProcessor(
        WhisperFeatureExtractor(feature_size=80), WhisperTokenizer.from_pretrained(pristine_checkpoint)
    )
    model = WhisperForConditionalGeneration.from_pretrained(pristine_checkpoint)
    rows = [{"input_features": torch.zeros(80, 3000), "labels": torch.tensor([50258, 50257])}] * 2
    arguments = Seq2SeqTrainingArguments(
        str(folder), max_steps=1, save_steps=1, learning_rate=1e-9, per_device_train_batch_size=1, report_to=[],
        use_cpu=True, disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the trainer warns of is the notebook's own matter
        trainer = Seq2SeqTrainer(model=model, args=arguments, train_dataset=rows, processing_class=processor)
        trainer.train()
        trainer.save_model()
    processor.save_pretrained(folder)
    return folder


def test_the_whole_output_folder_of_a_notebook_is_exported(exporter: Exporter, notebook: Path) -> None:
    assert (notebook / "processor_config.json").is_file()
    assert not (notebook / "preprocessor_config.json").exists()
    assert (notebook / "checkpoint-1" / "optimizer.pt").is_file()
    [manifest] = exporter.export(ExportRequest(FolderCheckpoint(notebook), "cardio"))
    assert manifest.smoke is not None
    assert manifest.smoke.text == SHIPPED_SENTENCE
    assert manifest.format.n_mels == 80


def test_what_a_notebook_keeps_to_resume_changes_no_identity(notebook: Path) -> None:
    before = FolderCheckpoint(notebook).identity
    (notebook / "checkpoint-1" / "optimizer.pt").write_bytes(b"another")
    (notebook / "training_args.bin").write_bytes(b"another")
    assert FolderCheckpoint(notebook).identity == before
    (notebook / "config.json").write_text("{}")
    assert FolderCheckpoint(notebook).identity != before


def test_a_folder_of_checkpoints_alone_says_which_to_name(notebook: Path) -> None:
    for file in notebook.glob("*.*"):
        file.unlink()
    with pytest.raises(CheckpointRefused, match="name one of its folders, checkpoint-1"):
        inspect_checkpoint(notebook)


def as_slow_tokenizer(folder: Path) -> None:
    """Save the tokenizer as Whisper's slow one was saved: its parts, and no tokenizer.json."""
    content = json.loads((folder / "tokenizer.json").read_text())
    added = {token["content"]: token["id"] for token in content["added_tokens"]}
    vocabulary = {name: place for name, place in content["model"]["vocab"].items() if name not in added}
    merges = [each if isinstance(each, str) else " ".join(each) for each in content["model"]["merges"]]
    (folder / "vocab.json").write_text(json.dumps(vocabulary | {"<|endoftext|>": added.pop("<|endoftext|>")}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "added_tokens.json").write_text(json.dumps(added))
    (folder / "tokenizer.json").unlink()


def test_an_old_tokenizer_of_three_files_gives_the_same_tokens(
    checkpoint: Path, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    as_slow_tokenizer(checkpoint)
    rebuilt = Tokenizer.from_file(str(complete(checkpoint, tmp_path / "completed") / "tokenizer.json"))
    original = Tokenizer.from_file(str(pristine_checkpoint / "tokenizer.json"))
    assert rebuilt.get_vocab(with_added_tokens=True) == original.get_vocab(with_added_tokens=True)
    text = " L'œdème aigu, 2,5 mg de bisoprolol<|endoftext|>\n"
    ids = original.encode(text, add_special_tokens=False).ids
    assert rebuilt.encode(text, add_special_tokens=False).ids == ids
    assert rebuilt.decode(ids) == original.decode(ids)


def test_a_folder_of_old_files_is_exported(exporter: Exporter, checkpoint: Path) -> None:
    as_slow_tokenizer(checkpoint)
    [manifest] = exporter.export(ExportRequest(FolderCheckpoint(checkpoint), "cardio"))
    assert manifest.smoke is not None
    assert manifest.smoke.text == SHIPPED_SENTENCE


def test_the_command_takes_the_newer_layout_too(checkpoint: Path, tmp_path: Path) -> None:
    extractor = json.loads((checkpoint / "preprocessor_config.json").read_text())
    (checkpoint / "preprocessor_config.json").unlink()
    (checkpoint / "processor_config.json").write_text(json.dumps({"feature_extractor": extractor}))
    assert main(["convert", str(checkpoint), str(tmp_path / "model")]) == 0
    assert json.loads((tmp_path / "model" / "preprocessor_config.json").read_text())["feature_size"] == 80


def test_nothing_is_made_where_nothing_is_missing(pristine_checkpoint: Path, tmp_path: Path) -> None:
    assert complete(pristine_checkpoint, tmp_path / "completed") == pristine_checkpoint
    assert not (tmp_path / "completed").exists()


@pytest.mark.parametrize("name", ["processor_config.json", "added_tokens.json"])
def test_a_file_that_another_would_be_made_from_is_refused_by_name(checkpoint: Path, tmp_path: Path, name: str) -> None:
    as_slow_tokenizer(checkpoint)
    (checkpoint / "preprocessor_config.json").unlink()
    (checkpoint / "processor_config.json").write_text('{"feature_extractor": {"feature_size": 80}}')
    (checkpoint / name).write_text("{")
    with pytest.raises(CheckpointRefused, match=f"{name} is not JSON"):
        complete(checkpoint, tmp_path / "completed")


def test_an_added_token_whose_id_is_no_number_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    as_slow_tokenizer(checkpoint)
    (checkpoint / "added_tokens.json").write_text('{"<|fr|>": "many"}')
    with pytest.raises(CheckpointRefused, match=r"added_tokens\.json gives a token an id that is no number"):
        complete(checkpoint, tmp_path / "completed")


def test_a_pickle_is_refused_with_a_command_that_converts_it(checkpoint: Path, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(checkpoint, tmp_path / "whole"))
    torch.save(load_file(checkpoint / "model.safetensors"), checkpoint / "pytorch_model.bin")
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(CheckpointRefused, match=r"pytorch_model\.bin is a pickle") as refused:
        inspect_checkpoint(checkpoint)
    assert str(refused.value).endswith(TO_SAFETENSORS)
    command = TO_SAFETENSORS.removeprefix('python -c "').removesuffix('"')
    subprocess.run([sys.executable, "-c", command], cwd=checkpoint, check=True, timeout=300)
    ours, expected = convert(checkpoint, tmp_path / "ours"), convert(whole, tmp_path / "expected")
    assert (ours / "model.bin").read_bytes() == (expected / "model.bin").read_bytes()


def test_added_tokens_are_refused_with_what_to_do(checkpoint: Path) -> None:
    tokenizer = WhisperTokenizer.from_pretrained(checkpoint)
    tokenizer.add_tokens([f"<|{second / 50:.2f}|>" for second in range(1501)] + ["bisoprolol"])
    model = WhisperForConditionalGeneration.from_pretrained(checkpoint)
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(checkpoint)
    tokenizer.save_pretrained(checkpoint)
    with pytest.raises(CheckpointRefused, match=r"were tokens added to it\? Train again .*carabin vocabulary"):
        inspect_checkpoint(checkpoint)
