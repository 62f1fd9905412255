"""The base model is the published one or it is refused."""

from pathlib import Path

import pytest
from carabin.trainer.errors import BaseModelRefused
from carabin.trainer.models.embedded import embedded_parts, install_base_model


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
