"""Checkpoints on a disk: complete or not there, and laid out for the store and back."""

import errno
import json
from pathlib import Path

import pytest
import soundfile
from carabin.registry.errors import DiskFailed
from carabin.service.errors import ResourcesExhausted
from carabin.service.testing.open_files import no_further_file
from carabin.trainer.checkpoints.layout import (
    SEAL,
    STATE,
    TRAINING,
    folder_of,
    has_ended,
    is_complete,
    local_steps,
    mark_ended,
    seal,
    seal_file,
    stage,
    step_of,
    translate_disk_errors,
    unstage,
)
from carabin.trainer.errors import ResumeRefused
from safetensors import SafetensorError

FOR_RESUMING = (
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
    "rng_state_1.pth",
    "trainer_state.json",
    "training_args.bin",
    "scaler.pt",
    "adapter.safetensors",
    "schedule.json",
)
SERVED = ("config.json", "generation_config.json", "model.safetensors")


def checkpoint(work: Path, step: int, *, best: int | None = None) -> Path:
    """Write a checkpoint as the Trainer leaves it, unsealed."""
    folder = folder_of(work, step)
    folder.mkdir(parents=True)
    for name in (*FOR_RESUMING, *SERVED):
        (folder / name).write_text(f"{name} of step {step}")
    state = {"global_step": step, "best_global_step": best, "best_model_checkpoint": f"/elsewhere/checkpoint-{best}"}
    (folder / STATE).write_text(json.dumps(state))
    return folder


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_named_by_its_step(tmp_path: Path) -> None:
    assert folder_of(tmp_path, 1200).name == "checkpoint-1200"
    assert step_of(folder_of(tmp_path / "run-7", 1200)) == 1200


def test_a_checkpoint_is_complete_once_it_is_sealed_and_while_its_files_keep_their_sizes(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    assert not is_complete(folder)
    seal(folder)
    assert is_complete(folder)
    whole = (folder / "optimizer.pt").read_bytes()
    (folder / "optimizer.pt").write_bytes(whole[:-1])
    assert not is_complete(folder)
    (folder / "optimizer.pt").write_bytes(whole)
    assert is_complete(folder)
    (folder / "model.safetensors").unlink()
    assert not is_complete(folder)


def test_a_complete_checkpoint_is_not_removed_where_no_further_file_may_be_opened(tmp_path: Path) -> None:
    seal(checkpoint(tmp_path, 2))
    assert local_steps(tmp_path) == [2]
    with no_further_file(), pytest.raises(ResourcesExhausted, match="Too many open files"):
        local_steps(tmp_path)
    with no_further_file(), pytest.raises(ResourcesExhausted, match="Too many open files"):
        is_complete(folder_of(tmp_path, 2))
    assert local_steps(tmp_path) == [2]


def test_a_seal_that_is_cut_off_seals_nothing(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    seal(folder)
    (folder / SEAL).write_text((folder / SEAL).read_text()[:10])
    assert not is_complete(folder)


def test_a_checkpoint_that_is_sealed_again_is_complete(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    seal(folder)
    (folder / "model.safetensors").write_text("longer weights than before, written over the others")
    seal(folder)
    assert is_complete(folder)


def test_another_user_may_read_what_is_sealed(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    (folder / "model.safetensors").chmod(0o600)
    seal(folder)
    assert (folder / "model.safetensors").stat().st_mode & 0o777 == 0o644


def test_a_file_is_replaced_whole_and_leaves_no_scratch(tmp_path: Path) -> None:
    file = tmp_path / "final.json"
    seal_file(file, "before")
    seal_file(file, "après")
    assert file.read_text(encoding="utf-8") == "après"
    assert list(tmp_path.iterdir()) == [file]


def test_complete_steps_are_listed_in_order_and_everything_else_is_removed(tmp_path: Path) -> None:
    for step in (10, 9, 100):
        seal(checkpoint(tmp_path, step))
    half = checkpoint(tmp_path, 200)
    (tmp_path / "checkpoint-tmp").mkdir()
    (tmp_path / "features").mkdir()
    assert local_steps(tmp_path) == [9, 10, 100]
    assert not half.exists()
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint-9", "checkpoint-10", "checkpoint-100", "features",
    }  # fmt: skip
    assert local_steps(tmp_path / "nothing yet") == []


def test_the_end_of_training_is_marked_on_its_last_checkpoint(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    assert not has_ended(folder)
    mark_ended(folder)
    assert has_ended(folder)


def test_in_the_store_what_is_served_lies_at_the_root_and_the_rest_under_training(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    mark_ended(folder)
    seal(folder)
    processor = tmp_path / "base" / "tokenizer.json", tmp_path / "base" / "config.json"
    processor[0].parent.mkdir()
    for path in processor:
        path.write_text("the base's")
    (tmp_path / "upload-2" / "left over").mkdir(parents=True)
    staged = stage(folder, tmp_path / "upload-2", processor)
    expected = {*SERVED, "tokenizer.json"} | {
        f"{TRAINING}/{name}" for name in (*FOR_RESUMING, SEAL, "schedule_ended.json")
    }
    assert names(staged) == expected
    assert (staged / "config.json").read_text() == "config.json of step 2"  # the checkpoint's own, not the base's


def test_what_is_staged_outlives_the_checkpoint(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 2)
    staged = stage(folder, tmp_path / "upload-2", ())
    for path in folder.iterdir():
        path.unlink()
    assert (staged / "model.safetensors").read_text() == "model.safetensors of step 2"


def test_files_are_copied_where_links_are_not_possible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    staged = stage(checkpoint(tmp_path, 2), tmp_path / "upload-2", ())
    assert (staged / TRAINING / "optimizer.pt").read_text() == "optimizer.pt of step 2"


def test_a_staged_checkpoint_comes_back_complete_and_knows_the_best_one_beside_it(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "there", 4, best=2)
    seal(folder)
    fetched = stage(folder, tmp_path / "fetched-4", ())
    back = unstage(fetched, folder_of(tmp_path / "here", 4))
    assert is_complete(back)
    assert names(back) == names(folder)
    assert json.loads((back / STATE).read_text())["best_model_checkpoint"] == str(tmp_path / "here" / "checkpoint-2")
    there = json.loads((fetched / TRAINING / STATE).read_text())
    assert there["best_model_checkpoint"] == "/elsewhere/checkpoint-2"


def test_without_a_best_checkpoint_none_is_looked_for(tmp_path: Path) -> None:
    fetched = stage(checkpoint(tmp_path / "there", 4), tmp_path / "fetched-4", ())
    back = unstage(fetched, folder_of(tmp_path / "here", 4))
    assert json.loads((back / STATE).read_text())["best_model_checkpoint"] is None


@pytest.mark.parametrize("kept", [(), ("optimizer.pt",)], ids=["no training folder", "no state in it"])
def test_a_checkpoint_without_its_training_state_cannot_be_resumed_from(tmp_path: Path, kept: tuple[str, ...]) -> None:
    source = tmp_path / "fetched-4"
    source.mkdir()
    (source / "model.safetensors").write_text("weights")
    for name in kept:
        (source / TRAINING).mkdir()
        (source / TRAINING / name).write_text("state")
    with pytest.raises(ResumeRefused, match="fetched-4: it holds no training state"):
        unstage(source, folder_of(tmp_path / "here", 4))
    assert local_steps(tmp_path / "here") == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("I/O error: No space left on device"),
        soundfile.SoundFileError("No space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_librarys_word_for_a_full_disk_names_the_folder(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(DiskFailed, match=rf"cannot write {tmp_path}: .*No space left on device; the last complete"),
        translate_disk_errors(tmp_path),
    ):
        raise error


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ResumeRefused, match="mine"), translate_disk_errors(tmp_path):
        raise ResumeRefused("mine")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOMEM, "Cannot allocate memory"), RuntimeError("can't start new thread"), MemoryError()]
)
def test_a_shortage_of_memory_is_not_taken_for_a_full_disk(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(ResourcesExhausted, match=f"^{tmp_path} cannot be used now"), translate_disk_errors(tmp_path):
        raise error
