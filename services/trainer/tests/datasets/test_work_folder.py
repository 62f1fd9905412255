"""What a build keeps on disk: one build at a time, its own sounds alone, and a broken index said in one sentence."""

from pathlib import Path

import pytest
from carabin.trainer.data.audio import sha256
from carabin.trainer.datasets.decoding import DecodedFile
from carabin.trainer.datasets.work_folder import WorkFolder
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.quality.report import Finding

FINDING = Finding("a.wav", "audio-stereo", "changed", "a.wav has 2 channels: their mean is taken")


def test_a_judgement_comes_back_with_its_findings(tmp_path: Path) -> None:
    with WorkFolder.opened(tmp_path / "work") as kept:
        digest = kept.save(b"sound")
        kept.keep("a", DecodedFile(digest, 16_000, (FINDING,)))
        kept.keep("b", DecodedFile(None, 0, ()))
    with WorkFolder.opened(tmp_path / "work") as kept:
        assert kept.find("a") == DecodedFile(digest, 16_000, (FINDING,))
        assert kept.find("b") == DecodedFile(None, 0, ())
        assert kept.find("c") is None


def test_a_sound_that_is_gone_is_decoded_again(tmp_path: Path) -> None:
    with WorkFolder.opened(tmp_path / "work") as kept:
        digest = kept.save(b"sound")
        kept.keep("a", DecodedFile(digest, 16_000, ()))
        kept.sound(digest).unlink()
        assert kept.find("a") is None


def test_what_a_build_did_not_use_is_deleted(tmp_path: Path) -> None:
    with WorkFolder.opened(tmp_path / "work") as kept:
        for name in ("a", "b"):
            kept.keep(name, DecodedFile(kept.save(name.encode()), 1, ()))
            kept.recognized("text", sha256(name.encode()), lambda name=name: name)
    with WorkFolder.opened(tmp_path / "work") as kept:
        kept.find("a")
        kept.forget_unused()
        assert kept.find("b") is None
        assert [file.stem for file in kept.sounds.glob("*/*")] == [sha256(b"a")]
        assert kept.recognized("text", sha256(b"a"), lambda: "again") == "a"
        assert kept.recognized("text", sha256(b"b"), lambda: "again") == "again"


def test_two_builds_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with (
        WorkFolder.opened(tmp_path / "work"),
        pytest.raises(DatasetInvalid, match="another build works there"),
        WorkFolder.opened(tmp_path / "work"),
    ):
        pass


def test_a_broken_index_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "index.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(DatasetInvalid, match="delete the folder"), WorkFolder.opened(tmp_path / "work"):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DatasetInvalid, match="file/work: it cannot be written"),
        WorkFolder.opened(tmp_path / "file" / "work"),
    ):
        pass
