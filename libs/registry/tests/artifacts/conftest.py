"""A model folder of two files, as the tests of this folder publish it."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.bin").write_bytes(bytes(range(256)) * 100)
    (model / "config.json").write_text("{}")
    return model
