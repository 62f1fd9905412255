"""Models and datasets that the trainer's tests share."""

from pathlib import Path

import pytest
from carabin.registry.testing.fixtures import s3_environment, s3_settings
from carabin.trainer.models.embedded import install_base_model

from .helpers.training import rebuilt_base, tiny_whisper, tones

__all__ = ["s3_environment", "s3_settings"]


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded Whisper base, a CTranslate2 folder."""
    return install_base_model(tmp_path_factory.mktemp("base") / "whisper-base")


@pytest.fixture(scope="session")
def rebuilt(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, rebuilt into Hugging Face form."""
    return rebuilt_base(base_model, tmp_path_factory.mktemp("hf") / "whisper-base")


@pytest.fixture(scope="session")
def tiny(rebuilt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Whisper that trains in milliseconds."""
    return tiny_whisper(rebuilt, tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="session")
def tones_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder named `tones`."""
    return tones(tmp_path_factory.mktemp("datasets") / "tones")
