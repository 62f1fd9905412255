"""The reports that a lexicon is built from: as French tools write them, with each that is not read named."""

import json
from pathlib import Path

import pytest
from carabin.cli.commands import lexicon
from carabin.cli.commands.lexicon.reports import read_reports
from carabin.lexicon.errors import LexiconInvalid
from typer.testing import CliRunner


def read(path: Path, column: str = "text") -> tuple[list[str], dict[str, str]]:
    left_out: dict[str, str] = {}
    texts = list(read_reports(path, column, left_out.__setitem__))
    return texts, {Path(where).name: reason for where, reason in left_out.items()}


def test_reports_are_read_from_text_rtf_tables_and_json_lines_and_recordings_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.TXT").write_text("un rapport", "utf-8")
    (tmp_path / "b.csv").write_text("id;Text\n1;deux\n2;trois\n", "utf-8")
    (tmp_path / "c.jsonl").write_text('{"text": "quatre"}\n\n{"Text": "cinq"}\n', "utf-8")
    (tmp_path / "d.rtf").write_bytes(rb"{\rtf1\ansi\ansicpg1252 six \'e9t\'e9}")
    (tmp_path / "e.txt").write_text("sept", "utf-16")
    for passed_over in ("f.wav", "._a.TXT", "Thumbs.db"):
        (tmp_path / passed_over).write_bytes(b"\0")
    texts, left_out = read(tmp_path)
    assert [text.strip() for text in texts] == ["un rapport", "deux", "trois", "quatre", "cinq", "six été", "sept"]
    assert left_out == {}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_within_a_cell_end_words(tmp_path: Path, end: str, delimiter: str) -> None:
    rows = [f"id{delimiter}text", f'1{delimiter}"Sténose de la mitrale{end}apixaban 5 mg"', f"2{delimiter}a\u2028b"]
    (tmp_path / "a.csv").write_bytes((end.join(rows) + end).encode())
    texts, left_out = read(tmp_path)
    assert [text.split() for text in texts] == [["Sténose", "de", "la", "mitrale", "apixaban", "5", "mg"], ["a", "b"]]
    assert left_out == {}


@pytest.mark.parametrize(
    ("data", "read_texts"),
    [
        ("text\nSténose serrée sous apixaban\nApixaban\n", ["Sténose serrée sous apixaban", "Apixaban"]),
        ('text\n"Sténose serrée, de la mitrale"\n', ["Sténose serrée, de la mitrale"]),
        ("sep=;\nid;text\n1;apixaban\n", ["apixaban"]),
        (f"text\n{'apixaban ' * 12_000}\n", ["apixaban " * 12_000]),
    ],
)
def test_plain_tables_are_read(tmp_path: Path, data: str, read_texts: list[str]) -> None:
    (tmp_path / "a.csv").write_text(data, "utf-8")
    assert read(tmp_path) == (read_texts, {})


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", "dyspnée".encode("cp1252"), "UTF-8"),
        ("a.csv", "id;text\n1;dyspnée\n".encode("cp1252"), "UTF-8"),
        ("a.csv", b"id;note\n1;x\n", "no column text"),
        ("a.csv", b"", "--column"),
        ("a.csv", b'text\n"never closed\napixaban\n', "never closes"),
        ("a.csv", b"text\n" + b"x" * 200_000 + b"\n", "field"),
        ("a.jsonl", b"[]\n", "JSON object"),
        ("a.docx", b"PK", "none of .txt"),
        ("a.txt", "caf\ufffd".encode(), "U+FFFD"),
    ],
)
def test_what_is_not_read_is_named_and_the_rest_is_read(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "sound.txt").write_text("apixaban", "utf-8")
    texts, left_out = read(tmp_path)
    assert texts == ["apixaban"]
    assert said in next(iter(left_out.values()))
    assert next(iter(left_out)).startswith(name)


def test_row_that_is_not_understood_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;text\n1\n2;apixaban\n3;a;b;c\n", "utf-8")
    texts, left_out = read(tmp_path)
    assert texts == ["apixaban"]
    assert list(left_out) == ["a.csv:2", "a.csv:4"]


def test_nothing_at_the_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(LexiconInvalid, match="no such file or folder"):
        read(tmp_path / "missing")


def test_build_ends_with_one_where_reports_are_left_out_and_writes_the_lexicon_of_the_others(tmp_path: Path) -> None:
    folder, out = tmp_path / "reports", tmp_path / "a.tsv"
    folder.mkdir()
    (folder / "a.txt").write_text("dyspnée sous apixaban", "utf-8")
    (folder / "b.docx").write_bytes(b"PK")
    arguments = ["build", str(folder), "--min-count", "1", "--out", str(out)]
    found = CliRunner().invoke(lexicon.app, arguments)
    assert found.exit_code == 1
    assert "left out: " in found.stderr
    assert "b.docx is none of" in found.stderr
    assert "apixaban" in out.read_text("utf-8")
    said = CliRunner().invoke(lexicon.app, [*arguments, "--json"])
    assert said.exit_code == 1
    assert [each["file"] for each in json.loads(said.stdout)["left_out"]] == [str(folder / "b.docx")]


def test_file_that_was_edited_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("dyspnée sous apixaban", "utf-8")
    out = tmp_path / "a.tsv"
    arguments = ["build", str(tmp_path / "a.txt"), "--min-count", "1", "--out", str(out)]
    assert CliRunner().invoke(lexicon.app, arguments).stderr == ""
    out.write_text("apixaban\tdrug\n", "utf-8")
    assert "a.tsv.bak" in CliRunner().invoke(lexicon.app, arguments).stderr
    assert (tmp_path / "a.tsv.bak").read_text("utf-8") == "apixaban\tdrug\n"
    assert "dyspnée" in out.read_text("utf-8")


def test_list_of_what_was_kept_out_is_another_file_than_the_lexicon(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("dyspnée sous apixaban", "utf-8")
    out = tmp_path / "a.tsv"
    for kept_out in (out, tmp_path / "missing" / "k.tsv"):
        arguments = ["build", str(tmp_path), "--min-count", "1", "--out", str(out)]
        found = CliRunner().invoke(lexicon.app, [*arguments, "--kept-out", str(kept_out)])
        assert isinstance(found.exception, LexiconInvalid)
        assert not out.exists()
