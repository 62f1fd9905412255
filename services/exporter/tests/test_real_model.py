"""The real Whisper base, rebuilt as a checkpoint, goes through the whole gate and says what it said before."""

from pathlib import Path

import pytest
from carabin.exporter.pipeline import Exporter, ExportRequest
from carabin.exporter.samples import SHIPPED_SENTENCE
from carabin.exporter.source import FolderCheckpoint
from carabin.registry.fakes import MemoryStore
from carabin.trainer.base_model import install_base_model
from carabin.trainer.ct2_import import import_ct2


@pytest.fixture(scope="module")
def base_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    return import_ct2(install_base_model(folder / "ct2"), folder / "checkpoint")


def test_whisper_base_keeps_its_tokens_in_float32_and_its_words_in_int8(
    store: MemoryStore, exporter: Exporter, base_checkpoint: Path
) -> None:
    request = ExportRequest(FolderCheckpoint(base_checkpoint), "base", ("float32", "int8"))
    float32, int8 = exporter.export(request)
    assert float32.metrics["export_wer_increase"] == int8.metrics["export_wer_increase"] == 0
    for manifest in (float32, int8):
        assert manifest.smoke is not None
        assert manifest.smoke.text == SHIPPED_SENTENCE
        assert (manifest.min_window_frames, manifest.window_margin_frames) == (750, 300)
    assert int8.total_bytes < 0.3 * float32.total_bytes
