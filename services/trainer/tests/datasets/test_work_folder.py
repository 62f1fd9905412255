"""What a build keeps on disk: one build at a time, its own sounds alone, and a broken index said in one sentence."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
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


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def foreign_index(file: Path) -> None:
    with closing(sqlite3.connect(file)) as index, index:
        index.execute("CREATE TABLE photos (name TEXT)")


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: (folder / "report.txt").write_text("mine"),
        lambda folder: (folder / "lock").write_text("mine"),
        lambda folder: (folder / "sounds" / "ab").mkdir(parents=True),
        lambda folder: foreign_index(folder / "index.sqlite"),
        lambda folder: [(folder / name).write_text("") for name in ("index.sqlite", "report.txt")],
    ],
    ids=["a file", "a file named lock", "sounds", "an index of another program", "an empty index beside a file"],
)
def test_a_folder_of_somebody_elses_is_refused_and_left_as_it_is(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    write(tmp_path)
    before = contents(tmp_path)
    with (
        pytest.raises(DatasetInvalid, match=f"{tmp_path}: it holds what no build wrote"),
        WorkFolder.opened(tmp_path),
    ):
        pass
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob("index.sqlite-*"))


@pytest.mark.parametrize("names", [(), ("lock",), ("lock", "index.sqlite")], ids=len)
def test_an_empty_folder_and_one_of_a_build_that_was_killed_at_once_are_taken(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).touch()
    with WorkFolder.opened(tmp_path) as kept:
        kept.save(b"sound")


FOREIGN = ("notes.txt", "index.sqlite.bak", "sounds/mine.flac", "sounds/ab/mine.flac", "sounds/other/" + "a" * 64)


@pytest.mark.parametrize("forget", [WorkFolder.forget_unused, WorkFolder.forget], ids=["keep", "forget"])
def test_nothing_is_deleted_but_what_builds_wrote(forget: Callable[[WorkFolder], None], tmp_path: Path) -> None:
    work = tmp_path / "work"
    with WorkFolder.opened(work) as kept:
        kept.keep("a", DecodedFile(kept.save(b"sound"), 1, ()))
        kept.sound(kept.save(b"killed")).rename(kept.sound(sha256(b"killed")).with_suffix(".4711"))
    for name in FOREIGN:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("mine")
    with WorkFolder.opened(work) as kept:
        forget(kept)
    assert {name for name in contents(work) if name not in ("index.sqlite", "lock")} == set(FOREIGN)
    assert (work / "index.sqlite").exists() is (forget is WorkFolder.forget_unused)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DatasetInvalid, match="file/work: it cannot be written"),
        WorkFolder.opened(tmp_path / "file" / "work"),
    ):
        pass
