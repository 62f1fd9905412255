"""The base model is the published one or it is refused; rebuilt for training, it is the same model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from carabin.ct2whisper.binary import read_binary
from carabin.trainer.errors import BaseModelRefused
from carabin.trainer.features.mel import MelMaker, pad
from carabin.trainer.models.ct2_import import import_ct2
from carabin.trainer.models.embedded import embedded_parts, install_base_model
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS
from ctranslate2.converters import TransformersConverter
from faster_whisper import WhisperModel
from transformers import WhisperForConditionalGeneration


def test_an_installed_base_model_is_reused_only_while_it_is_whole(base_model: Path, tmp_path: Path) -> None:
    assert install_base_model(base_model) == base_model
    partial = tmp_path / "whisper-base"
    partial.mkdir()
    with pytest.raises(BaseModelRefused, match=r"model\.bin is missing"):
        install_base_model(partial)


def test_one_altered_byte_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    parts = embedded_parts()
    altered = tmp_path / "altered"
    altered.write_bytes(parts["config.json"][0].read_bytes() + b" ")
    with pytest.raises(BaseModelRefused, match=r"config\.json is not the published one"):
        install_base_model(tmp_path / "models" / "whisper-base", {**parts, "config.json": [altered]})
    assert list((tmp_path / "models").iterdir()) == []


def test_every_variable_survives_the_round_trip_bit_for_bit(base_model: Path, rebuilt: Path, tmp_path: Path) -> None:
    TransformersConverter(str(rebuilt)).convert(str(tmp_path / "again"), quantization="float16")
    before, after = read_binary(base_model / "model.bin"), read_binary(tmp_path / "again" / "model.bin")
    assert len(before.variables) - len(before.aliases) == 212
    differing = [name for name in before.variables if not np.array_equal(before.read(name), after.read(name))]
    assert differing == []
    assert after.aliases == before.aliases
    assert json.loads((tmp_path / "again" / "config.json").read_text()) == json.loads(
        (base_model / "config.json").read_text()
    )
    vocabulary = json.loads((tmp_path / "again" / "vocabulary.json").read_text())
    assert vocabulary == (base_model / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[: len(vocabulary)]


def test_what_is_rebuilt_may_be_read_by_others(rebuilt: Path) -> None:
    assert all(file.stat().st_mode & 0o044 == 0o044 for file in rebuilt.iterdir())


def test_a_model_that_is_cut_off_is_not_trained_from(base_model: Path, tmp_path: Path) -> None:
    cut = Path(shutil.copytree(base_model, tmp_path / "cut"))
    (cut / "model.bin").write_bytes((base_model / "model.bin").read_bytes()[:1_000_000])
    with pytest.raises(BaseModelRefused, match="the file ends early"):
        import_ct2(cut, tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_a_folder_without_its_tokenizer_is_not_trained_from(base_model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.bin").symlink_to(base_model / "model.bin")
    with pytest.raises(BaseModelRefused, match=r"tokenizer\.json cannot be read"):
        import_ct2(tmp_path, tmp_path / "hf")


def test_quantised_weights_are_not_trained_from(rebuilt: Path, tmp_path: Path) -> None:
    TransformersConverter(str(rebuilt)).convert(str(tmp_path / "int8"), quantization="int8")
    with pytest.raises(BaseModelRefused, match="train from a float16 or float32 model"):
        import_ct2(tmp_path / "int8", tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_the_rebuilt_model_writes_the_same_tokens_as_the_published_one(base_model: Path, rebuilt: Path) -> None:
    published = WhisperModel(str(base_model), device="cpu", compute_type="float32", cpu_threads=1)
    ours = WhisperForConditionalGeneration.from_pretrained(rebuilt).eval()
    prompt = [50258, 50265, 50359, 50363]  # start, French, transcribe, no timestamps
    for sentence in ("Pas de fracture visible.", "Le patient prend du paracétamol depuis lundi."):
        audio = PicoEngine().speak(sentence, SPEAKERS[1])
        mel = pad(MelMaker(80)(audio), 3000)[None]
        found = published.model.generate(published.encode(mel[0]), [prompt], beam_size=1, max_length=64)
        with torch.no_grad():
            ids = ours.generate(
                torch.from_numpy(mel), language="fr", task="transcribe", num_beams=1, max_new_tokens=60, do_sample=False
            )
        tokens = [token for token in ids[0].tolist() if token not in prompt and token != 50257]
        assert tokens == found[0].sequences_ids[0]
