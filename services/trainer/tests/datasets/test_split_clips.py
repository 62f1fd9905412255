"""The split of a clip: the source's own where it has one."""

from pathlib import Path

from carabin.trainer.datasets.duplicates import AudioFingerprint
from carabin.trainer.datasets.split_clips import split_clips
from carabin.trainer.datasets.splits import SHARES


def clip(number: int, split: str | None) -> AudioFingerprint:
    return AudioFingerprint(Path(), str(number), f"Phrase numéro {number}.", None, split, 1.0, "a.wav", f"{number}.wav")


def test_a_list_with_all_three_splits_is_taken_as_it_is() -> None:
    splits = ["train", "validation", "test", None]
    assert split_clips([clip(n, split) for n, split in enumerate(splits)], SHARES)[0] == [
        "train", "validation", "test", "train",
    ]  # fmt: skip


def test_validation_is_drawn_from_training_where_only_a_test_list_is_given() -> None:
    splits = ["train"] * 40 + ["test"] * 5
    found, _ = split_clips([clip(n, split) for n, split in enumerate(splits)], SHARES)
    assert found[40:] == ["test"] * 5
    assert set(found[:40]) == {"train", "validation"}


def test_all_three_are_drawn_where_none_is_given() -> None:
    assert set(split_clips([clip(n, None) for n in range(60)], SHARES)[0]) == {"train", "validation", "test"}
