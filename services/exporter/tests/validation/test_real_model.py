"""The real Whisper base, rebuilt as a checkpoint, goes through the whole gate and says what it said before."""

import filecmp
from pathlib import Path

import pytest
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.request import ExportRequest
from carabin.exporter.sources import FolderCheckpoint
from carabin.exporter.validation.decode import ModelDecoder
from carabin.exporter.validation.load import LoadedModel
from carabin.exporter.validation.perturb import perturb
from carabin.exporter.validation.samples import SHIPPED_SENTENCE, shipped_sample
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import fetch_model
from carabin.registry.testing.memory import MemoryStore
from carabin.registry.word_error import smoke_error
from carabin.trainer.models.ct2_import import import_ct2
from carabin.trainer.models.embedded import install_base_model
from ctranslate2.converters import TransformersConverter

from ..helpers.checkpoints import convert


@pytest.fixture(scope="module")
def base_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    return import_ct2(install_base_model(folder / "ct2"), folder / "checkpoint")


def test_whisper_base_keeps_its_tokens_in_float32_and_its_words_in_int8(
    store: MemoryStore, exporter: Exporter, base_checkpoint: Path, tmp_path: Path
) -> None:
    request = ExportRequest(FolderCheckpoint(base_checkpoint), "base", ("float32", "int8"))
    float32, int8 = exporter.export(request)
    assert float32.metrics["export_wer_increase"] == int8.metrics["export_wer_increase"] == 0
    for manifest in (float32, int8):
        assert manifest.smoke is not None
        assert manifest.smoke.text == SHIPPED_SENTENCE
        assert (manifest.min_window_frames, manifest.window_margin_frames) == (750, 300)
    assert int8.total_bytes < 0.3 * float32.total_bytes
    assert filecmp.cmp(_fetch(store, int8, tmp_path) / "model.bin", _plain(base_checkpoint, tmp_path), shallow=False)


def test_a_disturbed_sentence_is_still_the_sentence_to_the_real_model(base_checkpoint: Path, tmp_path: Path) -> None:
    loaded = LoadedModel(convert(base_checkpoint, tmp_path / "int8", "int8"))
    decoder = ModelDecoder(loaded.whisper, loaded.folder, "fr")
    transcribed = decoder.decode_all([perturb(shipped_sample(), number) for number in range(1, 6)])
    errors = [smoke_error(SHIPPED_SENTENCE, each.hypothesis.text) for each in transcribed]
    assert max(errors) < 0.25


def _fetch(store: MemoryStore, manifest: ModelManifest, tmp_path: Path) -> Path:
    return fetch_model(store, "models", manifest, tmp_path / "fetched")


def _plain(checkpoint: Path, tmp_path: Path) -> Path:
    """Convert with CTranslate2's own converter."""
    TransformersConverter(str(checkpoint)).convert(str(tmp_path / "plain"), quantization="int8")
    return tmp_path / "plain" / "model.bin"
