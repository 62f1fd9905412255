"""`carabin serve` refuses at once what would never serve."""

from pathlib import Path

import pytest
from carabin.cli.main import main

from ..conftest import words


def test_a_folder_without_a_model_is_refused_before_anybody_is_let_in(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carabin.cli.commands.serve.configure_logging", lambda *_: None)  # it would outlive this test
    (tmp_path / "config.json").write_text("{}")
    assert main(["serve", "--model-dir", str(tmp_path), "--port", "0", "--grpc-port", "0"]) == 1
    captured = capfd.readouterr()
    assert "Listening" not in captured.out
    reason = f"model {tmp_path} is refused: model.bin, tokenizer.json, preprocessor_config.json missing"
    assert reason in words(captured.err)
