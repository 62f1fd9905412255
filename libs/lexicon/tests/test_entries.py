"""The lexicon's file: read, written, refused."""

import contextlib

import pytest
from carabin.lexicon.entries import MAX_ENTRIES, Entry, format_lexicon, parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from hypothesis import given
from hypothesis import strategies as st

FILE = """# mine
IRM	abbreviation	1204	i er aime
amlodipine	drug	88

hernie discale
L4-L5	anatomy		elle quatre elle cinq|L quatre
"""


def test_columns_are_read() -> None:
    irm, amlodipine, hernia, level = parse_lexicon(FILE.encode())
    assert irm == Entry("IRM", "abbreviation", 1204, ("i er aime",))
    assert amlodipine == Entry("amlodipine", "drug", 88)
    assert hernia == Entry("hernie discale")
    assert level.spoken == ("elle quatre elle cinq", "L quatre")


def test_file_that_was_written_is_read_as_the_same_entries() -> None:
    lexicon = parse_lexicon(FILE.encode())
    assert parse_lexicon(format_lexicon(lexicon)).entries == lexicon.entries


def test_plain_list_of_words_from_windows_is_a_lexicon() -> None:
    assert [entry.text for entry in parse_lexicon("\ufeffbisoprolol\r\ncordarone\r\n".encode())] == [
        "bisoprolol",
        "cordarone",
    ]


def test_entry_in_two_spellings_is_one_and_counts_are_added() -> None:
    lexicon = parse_lexicon(b"Bisoprolol\tdrug\t3\nbisoprolol\t\t4\n")
    assert lexicon.entries == (Entry("Bisoprolol", "drug", 7),)
    assert lexicon.duplicates == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no entry"),
        (b"# only a comment\n", "holds no entry"),
        (b"a\nb\n", "line 1: 'a' is no word"),
        (b"bisoprolol\n\xff\xfe\n", "line 2: not UTF-8"),
        (b"bisoprolol\nx\x07y\n", "line 2: .*control character"),
        (b"nom;classe\napixaban;AOD\n", "line 1: .nom;classe. holds .;.: columns stand between tabs"),
        (b"<b>apixaban</b>\n", "line 1: .* holds .<."),
        (b"<|endoftext|>\n", "special token"),
        (b"bisoprolol\tpill\n", "line 1: the kind 'pill'"),
        (b"bisoprolol\tdrug\tmany\n", "the count 'many'"),
        (b"a b c d e f g h\n", "longer than"),
        (b"123\n", "is no word"),
        (b"a\tdrug\t1\tb\tc\n", "5 columns"),
        (b"w" * 81, "longer than"),
    ],
)
def test_bad_file_is_refused_with_its_line_and_reason(data: bytes, said: str) -> None:
    with pytest.raises(LexiconInvalid, match=said):
        parse_lexicon(data)


def test_file_of_millions_of_lines_is_refused() -> None:
    with pytest.raises(LexiconInvalid, match="more than 200,000 entries"):
        parse_lexicon(b"".join(b"terme%d\n" % number for number in range(MAX_ENTRIES + 1)))


def test_lines_that_are_no_entries_can_be_left_out_with_what_is_wrong_with_each() -> None:
    lexicon = parse_lexicon(b"bisoprolol # beta\nx\n<|fr|>\napixaban\n", source="v", skip_refused=True)
    assert [entry.text for entry in lexicon] == ["bisoprolol", "apixaban"]
    assert [said.partition(":")[0] for said in lexicon.refused] == ["v, line 2", "v, line 3"]
    assert len(parse_lexicon(b"# empty\n", skip_refused=True)) == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_a_lexicon_or_one_clear_refusal(data: bytes) -> None:
    with contextlib.suppress(LexiconInvalid):
        assert len(parse_lexicon(data)) > 0
