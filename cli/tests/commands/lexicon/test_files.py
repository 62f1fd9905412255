"""Lexicons as files: made from lists, joined, checked, and refused where they are none."""

import json
from pathlib import Path

import pytest
from carabin.lexicon.entries import MAX_ENTRIES
from carabin.lexicon.errors import LexiconInvalid

from .conftest import run


def test_lists_are_joined_and_checked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bisoprolol\nmaison\n", "utf-8")
    (tmp_path / "b.tsv").write_text("Bisoprolol\tdrug\t7\npropofol\tdrug\n", "utf-8")
    out = str(tmp_path / "c.tsv")
    assert "3 entries, 1 given more than once" in run(
        "import", str(tmp_path / "a.txt"), str(tmp_path / "b.tsv"), "--out", out
    )
    assert "everyday French: maison" in run("check", out)
    assert json.loads(run("check", out, "--json")) == {"entries": 3, "common": ["maison"], "silent": []}


def test_lexicon_of_everyday_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("maison\nvoiture\n", "utf-8")
    with pytest.raises(LexiconInvalid, match="everyday French only"):
        run("check", str(tmp_path / "a.tsv"))
    with pytest.raises(LexiconInvalid, match="everyday French only"):
        run("promote", str(tmp_path / "a.tsv"), "--reason", "x")


def test_lists_that_would_be_too_long_together_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name in ("a", "b"):
        lines = (f"{name}terme{number}\n" for number in range(MAX_ENTRIES // 2 + 1))
        (tmp_path / f"{name}.txt").write_text("".join(lines), "utf-8")
    out = tmp_path / "c.tsv"
    with pytest.raises(LexiconInvalid, match="would have more than 200,000 entries"):
        run("import", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--out", str(out))
    assert not out.exists()


def test_no_edit_is_lost_to_the_second_and_third_writing(tmp_path: Path) -> None:
    out, first, second = tmp_path / "c.tsv", tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("bisoprolol\n", "utf-8")
    second.write_text("propofol\n", "utf-8")
    edits = "# read over by hand\nbisoprolol\tdrug\n"
    out.write_text(edits, "utf-8")
    for source in (first, second, first, second):
        run("import", str(source), "--out", str(out))
    kept = sorted(path.name for path in tmp_path.glob("c.tsv.bak*"))
    assert kept == ["c.tsv.bak", "c.tsv.bak.1", "c.tsv.bak.2"], "what is kept already is not kept again"
    assert (tmp_path / "c.tsv.bak").read_text("utf-8") == edits


def test_entries_that_no_sound_finds_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bisoprolol\nh-h\n", "utf-8")
    silent = json.loads(run("check", str(tmp_path / "a.txt"), "--json"))["silent"]
    assert silent == ["h-h"]
    assert "never looked up by sound: h-h" in run("check", str(tmp_path / "a.txt"))
