"""A validated folder is published once: the same bytes at the same time give the version that stands already."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.exporter.conversion.checkpoint_gate import inspect_checkpoint
from carabin.exporter.publishing.publish import TOOLS, publish, tool_releases
from carabin.exporter.sources import Background
from carabin.exporter.validation.result import Validated
from carabin.exporter.validation.samples import SHIPPED_SENTENCE, shipped_sample
from carabin.exporter.validation.smoke import SmokeDictation, store_smoke
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import list_versions
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.testing.memory import MemoryStore

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


@pytest.fixture
def validated(model: Path, pristine_checkpoint: Path, tmp_path: Path) -> tuple[Path, Validated]:
    folder = Path(shutil.copytree(model, tmp_path / "float16"))
    smoke = SmokeDictation(shipped_sample(), "fr", SHIPPED_SENTENCE)
    store_smoke(smoke, folder)
    window = WindowPolicy(min_frames=800, margin_frames=250)
    return folder, Validated("float16", inspect_checkpoint(pristine_checkpoint), smoke, window, {"export_words": 9.0})


def published(store: MemoryStore, folder: Path, validated: Validated) -> ModelManifest:
    background = Background({"run": "cardio-1"}, {"wer": 0.12}, "checkpoints/cardio-1/report.html")
    return publish(store, "models", "cardio", folder, NOW, validated, background)


def test_a_version_says_what_was_validated_and_where_it_came_from(
    store: MemoryStore, validated: tuple[Path, Validated]
) -> None:
    manifest = published(store, *validated)
    assert (manifest.format.quantization, manifest.format.n_mels, manifest.format.n_languages) == ("float16", 80, 99)
    assert (manifest.min_window_frames, manifest.window_margin_frames) == (800, 250)
    assert manifest.metrics == {"wer": 0.12, "export_words": 9.0}
    assert manifest.source == {"run": "cardio-1"}
    assert manifest.report == "checkpoints/cardio-1/report.html"
    assert manifest.provenance == tool_releases()
    assert set(tool_releases()) == set(TOOLS)
    assert manifest.smoke is not None
    assert manifest.smoke.text == SHIPPED_SENTENCE


def test_the_same_bytes_are_one_version_however_often_they_are_published(
    store: MemoryStore, validated: tuple[Path, Validated]
) -> None:
    first = published(store, *validated)
    assert published(store, *validated) == first
    assert list_versions(store, "models", "cardio") == [first.version]
