"""An evaluated outcome that waits for its upload: found again by its own run, whole, or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.service.errors import ResourcesExhausted
from carabin.service.testing.open_files import no_further_file
from carabin.trainer.checkpoints.pending_final import RECORD, PendingFinal, find_final, keep_final

MADE_BY = {"learning_rate": "1e-05", "base_sha256": "ab"}
WINDOW = WindowPolicy(min_frames=300, margin_frames=100)


def evaluated(work: Path, weights: str = "weights") -> Path:
    folder = work / "final"
    (folder / "samples").mkdir(parents=True)
    (folder / "model.safetensors").write_text(weights)
    (folder / "samples" / "samples.json").write_text("[]")
    return folder


def keep(work: Path, *, step: int = 7, weights: str = "weights", made_by: dict[str, str] | None = None) -> PendingFinal:
    return keep_final(
        work,
        evaluated(work, weights),
        step,
        source={"run": "r"},
        metrics={"wer": 0.25},
        window=WINDOW,
        made_by=MADE_BY if made_by is None else made_by,
    )


def test_an_outcome_is_found_again_with_all_that_is_published_with_it(tmp_path: Path) -> None:
    kept = keep(tmp_path)
    assert kept.folder == tmp_path / "final-7"
    assert not (tmp_path / "final").exists()
    found = find_final(tmp_path, MADE_BY)
    assert found == kept
    assert (found.step, found.source, found.metrics, found.window) == (7, {"run": "r"}, {"wer": 0.25}, WINDOW)
    assert [file.path for file in found.files] == ["model.safetensors", "samples/samples.json"]


def test_it_is_found_where_the_work_folder_was_moved_to(tmp_path: Path) -> None:
    keep(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    found = find_final(tmp_path / "after", MADE_BY)
    assert found is not None
    assert found.folder == tmp_path / "after" / "final-7"


def test_a_run_of_other_settings_does_not_publish_it(tmp_path: Path) -> None:
    keep(tmp_path)
    assert find_final(tmp_path, MADE_BY | {"learning_rate": "2e-05"}) is None
    assert find_final(tmp_path, {}) is None


def lose_everything(work: Path) -> None:
    shutil.rmtree(work)


def lose_the_folder(work: Path) -> None:
    shutil.rmtree(work / "final-7")


def lose_a_file(work: Path) -> None:
    (work / "final-7" / "model.safetensors").unlink()


def alter_a_byte(work: Path) -> None:
    (work / "final-7" / "model.safetensors").write_text("Weights")


def add_a_file(work: Path) -> None:
    (work / "final-7" / "extra").write_text("")


def cut_the_record_off(work: Path) -> None:
    (work / RECORD).write_text((work / RECORD).read_text()[:40])


@pytest.mark.parametrize(
    "damage",
    [lose_everything, lose_the_folder, lose_a_file, alter_a_byte, add_a_file, cut_the_record_off],
    ids=lambda damage: damage.__name__,
)
def test_what_is_not_whole_is_evaluated_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    keep(tmp_path / "w")
    damage(tmp_path / "w")
    assert find_final(tmp_path / "w", MADE_BY) is None


def test_a_later_outcome_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    keep(tmp_path, weights="first")
    again = keep(tmp_path, weights="second")
    assert find_final(tmp_path, MADE_BY) == again
    assert (again.folder / "model.safetensors").read_text() == "second"


def test_a_crash_between_folder_and_record_leaves_no_record_of_another_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, weights="first")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("carabin.trainer.checkpoints.pending_final.seal_file", crash)
    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path, step=9, weights="second")
    assert find_final(tmp_path, MADE_BY) is None


def test_an_outcome_is_neither_found_nor_lost_where_no_further_file_may_be_opened(tmp_path: Path) -> None:
    kept = keep(tmp_path)
    with no_further_file(), pytest.raises(ResourcesExhausted, match="Too many open files"):
        find_final(tmp_path, MADE_BY)
    assert find_final(tmp_path, MADE_BY) == kept
