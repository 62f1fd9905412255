"""Large-v3 and turbo go through the whole gate: 128 mel bins, 100 languages, 51,866 tokens, their layers and heads.

Only the width is tiny, for the real one is gigabytes, and the encoder has two layers of its thirty-two. What
distinguishes these models from the older ones is what goes wrong with them: mel bins that faster-whisper takes to be
80, and ids that all moved by one.
"""

import filecmp
import json
import shutil
from pathlib import Path

import pytest
from carabin.exporter.conversion.checkpoint_gate import CheckpointFacts, inspect_checkpoint
from carabin.exporter.conversion.convert import MODEL_FILES, convert_all
from carabin.exporter.errors import CheckpointRefused
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.request import ExportRequest
from carabin.exporter.sources import FolderCheckpoint
from carabin.exporter.validation.samples import SHIPPED_SENTENCE, shipped_sample
from carabin.registry.artifacts.publish import fetch_model
from carabin.registry.testing.memory import MemoryStore
from ctranslate2.converters import TransformersConverter
from faster_whisper import WhisperModel

from ..conftest import LARGE_V3, TURBO, Shape, write_checkpoint


@pytest.fixture(scope="module", params=[LARGE_V3, TURBO], ids=["large-v3", "turbo"])
def shape(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


@pytest.fixture(scope="module")
def newer(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("newer"), shape)


def test_it_is_exported_from_end_to_end_and_opens_in_plain_faster_whisper(
    store: MemoryStore, exporter: Exporter, newer: Path, shape: Shape, tmp_path: Path
) -> None:
    float32, int8 = exporter.export(ExportRequest(FolderCheckpoint(newer), "newer", ("float32", "int8")))
    for manifest in (float32, int8):
        form = manifest.format
        assert (form.n_mels, form.n_languages, form.vocabulary_size) == (128, 100, 51866)
        assert manifest.metrics["export_wer_increase"] == 0
        assert manifest.smoke is not None
        assert manifest.smoke.text == SHIPPED_SENTENCE
    folder = fetch_model(store, "models", int8, tmp_path / "downloaded")
    assert json.loads((folder / "preprocessor_config.json").read_text())["feature_size"] == 128
    assert filecmp.cmp(folder / "tokenizer.json", newer / "tokenizer.json", shallow=False)
    config = json.loads((folder / "config.json").read_text())
    assert config["lang_ids"] == list(range(50259, 50359))
    assert config["alignment_heads"] == [list(head) for head in shape.alignment_heads]
    model = WhisperModel(str(folder), device="cpu", local_files_only=True)
    assert model.feature_extractor.mel_filters.shape[0] == 128
    assert "yue" in model.supported_languages
    segments, _ = model.transcribe(shipped_sample().audio, language="fr", word_timestamps=True)
    words = [word for segment in segments for word in segment.words or ()]
    assert "".join(word.word for word in words).strip() == SHIPPED_SENTENCE


def test_its_files_are_the_converters_own(newer: Path, tmp_path: Path) -> None:
    convert_all(newer, {form: tmp_path / form for form in ("float16", "int8_bfloat16")})
    for form in ("float16", "int8_bfloat16"):
        TransformersConverter(str(newer)).convert(str(tmp_path / "plain"), quantization=form, force=True)
        for name in ("model.bin", "config.json", "vocabulary.json"):
            assert filecmp.cmp(tmp_path / form / name, tmp_path / "plain" / name, shallow=False), (form, name)
    assert {file.name for file in (tmp_path / "float16").iterdir()} == set(MODEL_FILES)


def test_the_tokenizer_or_the_mel_bins_of_an_older_whisper_are_refused(
    newer: Path, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    assert inspect_checkpoint(newer) == CheckpointFacts(128, 51866, 100)
    for name, reason in [
        ("tokenizer.json", r"<\|transcribe\|> at 50359, generation_config\.json at 50360"),
        ("generation_config.json", "embedding has 51866 rows .* has 51865"),
        ("preprocessor_config.json", "80 mel bins, the encoder reads 128"),
    ]:
        mixed = Path(shutil.copytree(newer, tmp_path / name))
        shutil.copyfile(pristine_checkpoint / name, mixed / name)
        with pytest.raises(CheckpointRefused, match=reason):
            inspect_checkpoint(mixed)
