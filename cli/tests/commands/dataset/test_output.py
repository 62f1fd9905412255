"""Where a dataset goes: to the folder that was asked for, which stays, or to the store from one that goes."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from carabin.cli.commands.dataset.output import finish, progress_bar, show_findings, sizes_line, target_folder

SIZES = {
    "train": SimpleNamespace(dictations=10, duration_s=90.0),
    "test": SimpleNamespace(dictations=2, duration_s=18.0),
}


def test_a_scratch_folder_goes_with_its_block_and_one_that_was_asked_for_stays(tmp_path: Path) -> None:
    with target_folder(None) as scratch:
        scratch.mkdir()
        assert scratch.is_dir()
    assert not scratch.parent.exists()
    asked = tmp_path / "dataset"
    with target_folder(asked) as target:
        target.mkdir()
    assert target == asked
    assert asked.is_dir()


def test_a_dataset_asked_for_as_a_folder_is_said_and_published_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish("own", tmp_path, SIZES, {}, tmp_path, as_json=False)
    assert capsys.readouterr().out == f"{tmp_path}: train 10 (1.5 min), test 2 (0.3 min)\n"
    assert sizes_line({}) == ""


def test_findings_are_on_standard_error_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [
        SimpleNamespace(action="refused", message="a.wav is silent"),
        SimpleNamespace(action="cut", message="b"),
    ]
    show_findings(SimpleNamespace(findings=findings))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "refused: a.wav is silent\ncut: b\n")


def test_progress_is_one_line_where_no_terminal_is_and_nothing_for_machines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar("Judging", quiet=False) as progress:
        assert progress is not None
        progress(1, 2)
    assert capsys.readouterr() == ("", "Judging...\n")
    with progress_bar("Judging", quiet=True) as progress:
        assert progress is None
    assert capsys.readouterr() == ("", "")
