"""Tests of tables as French tools write them."""

from pathlib import Path

import pytest
from carabin.trainer.datasets.tables import read_table
from carabin.trainer.errors import DatasetInvalid

CASES = Path(__file__).parents[1] / "cases"
COLUMNS = ("audio", "sentence")
ROWS = [{"audio": "a.wav", "sentence": "Pas de fièvre, ni toux."}, {"audio": "b.wav", "sentence": "Toux."}]


@pytest.mark.parametrize(
    "content",
    [
        'audio,sentence\na.wav,"Pas de fièvre, ni toux."\nb.wav,Toux.\n'.encode(),
        "audio;sentence\na.wav;Pas de fièvre, ni toux.\nb.wav;Toux.\n".encode(),
        "audio\tsentence\r\na.wav\tPas de fièvre, ni toux.\r\nb.wav\tToux.\r\n".encode(),
        "sep=;\r\naudio;sentence\r\na.wav;Pas de fièvre, ni toux.\r\nb.wav;Toux.".encode(),
        "audio;sentence\na.wav;Pas de fièvre, ni toux.\n\nb.wav;Toux.\n".encode("utf-8-sig"),
        " Audio ; SENTENCE \na.wav;Pas de fièvre, ni toux.\nb.wav;Toux.\n".encode("utf-16"),
        'sep=;\r\naudio;sentence\r\na.wav;"Pas de fièvre, ni toux."\r\nb.wav;Toux.\r\n'.encode("utf-8-sig"),
        "audio;sentence\na.wav;Pas de fièvre, ni toux.\nb.wav;Toux.\n;\n;\n\n".encode(),
    ],
    ids=[
        "comma",
        "semicolon",
        "tab-crlf",
        "sep",
        "mark-blank-line",
        "utf-16-capitals",
        "excel-mark-sep",
        "emptied-rows",
    ],
)
def test_the_ways_in_which_french_tools_write_a_table_give_the_same_rows(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    table = read_table(tmp_path / "t.csv", COLUMNS)
    assert table.frame.to_dict("records") == ROWS
    assert table.faults == ()


def test_a_quote_that_never_closes_is_named_with_its_line_and_swallows_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match=r"unclosed_quote\.csv:3"):
        read_table(CASES / "unclosed_quote.csv", COLUMNS)
    (tmp_path / "t.csv").write_text('audio,sentence\na.wav,"Toux.\nb.wav,Fièvre.\n', encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=r"t\.csv:2: .*a quote opens here and never closes"):
        read_table(tmp_path / "t.csv", COLUMNS)


def test_a_row_inside_another_rows_quotes_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    lines = ["audio,sentence", 'a.wav,"Toux.', 'b.wav,Fièvre."', "c.wav,Nausées."]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = read_table(tmp_path / "t.csv", COLUMNS)
    assert [(fault.line, fault.reason) for fault in table.faults] == [(2, "has a quote that swallows line 3: close it")]
    assert table.frame["audio"].tolist() == ["c.wav"]
    assert table.frame.index.tolist() == [4]


def test_a_quoted_report_of_several_lines_is_one_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('audio,sentence\na.wav,"Toux.\nPas de fièvre."\nb.wav,Rien.\n', encoding="utf-8")
    table = read_table(tmp_path / "t.csv", COLUMNS)
    assert table.frame["sentence"].tolist() == ["Toux.\nPas de fièvre.", "Rien."]
    assert table.frame.index.tolist() == [2, 4]


def test_a_row_with_too_few_fields_is_refused_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("audio,sentence\na.wav\nb.wav,Rien.\n", encoding="utf-8")
    table = read_table(tmp_path / "t.csv", COLUMNS)
    assert [(fault.line, fault.reason) for fault in table.faults] == [(2, "has 1 fields, the first line 2")]


def test_utf_16_without_a_mark_is_refused_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("audio,sentence\na.wav,Rien.\n".encode("utf-16-le"))
    with pytest.raises(DatasetInvalid, match="UTF-16 without a mark"):
        read_table(tmp_path / "t.csv", COLUMNS)


@pytest.mark.parametrize("header", ["audio,sentence,Sentence ", "audio,sentence,sentence", "AUDIO,audio,sentence"])
def test_a_column_that_is_there_twice_is_refused_and_not_guessed(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text(f"{header}\na.wav,Toux.,Fièvre.\n", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=r"t\.csv:1: it has more than one column (audio|sentence): keep one"):
        read_table(tmp_path / "t.csv", COLUMNS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04\x14\x00xl/workbook.xml", "a workbook and not a CSV: save it as « CSV UTF-8 »"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook and not a CSV"),
        ("audio;sentence\na.wav;Fracture déplacée.\n".encode("cp850"), r"not UTF-8 \(byte 31\): save it as UTF-8"),
        ("Fichier;Énoncé\na.wav;Un.\n".encode(), "no column audio and sentence: it is « Fichier;Énoncé »"),
    ],
    ids=["xlsx", "xls", "dos-code-page", "other-headers"],
)
def test_what_is_no_table_is_refused_with_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DatasetInvalid, match=reason):
        read_table(tmp_path / "t.csv", COLUMNS)


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_only_line_feeds_end_a_line(tmp_path: Path, separator: str) -> None:
    (tmp_path / "t.csv").write_text(f"audio,sentence\na.wav,Toux{separator}sèche.\nb.wav,Fièvre.\n", encoding="utf-8")
    table = read_table(tmp_path / "t.csv", COLUMNS)
    assert table.faults == ()
    assert list(table.frame["sentence"]) == [f"Toux{separator}sèche.", "Fièvre."]
    assert list(table.frame.index) == [2, 3]
