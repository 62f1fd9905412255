"""Words of a transcript that an entry may stand for: never numbers, sides, negations or what the lexicon has."""

import pytest
from carabin.lexicon import Entry
from carabin.lexicon.likeness import likenesses
from carabin.lexicon.spans import MAX_SPAN, best_span, forms_of, replaceable_spans
from carabin.lexicon.thresholds import COMMON_SIMILARITY, FRENCH_SIMILARITY, RARE_SIMILARITY
from carabin.lexicon.words import split_words


def phrases(text: str, known: frozenset[str] = frozenset()) -> set[str]:
    return {span.phrase for span in replaceable_spans(split_words(text), known)}


def test_spans_hold_no_protected_word_and_none_of_the_lexicon() -> None:
    assert phrases("bise au prolol 5 mg sans propofol", frozenset({"propofol"})) == {
        "bise", "bise au", "bise au prolol", "au prolol", "prolol",
    }  # fmt: skip
    assert phrases("la fibrillation atriale", frozenset({"fibrillation atriale"})) >= {"la fibrillation", "atriale"}
    assert "fibrillation atriale" not in phrases("la fibrillation atriale", frozenset({"fibrillation atriale"}))


def test_spans_have_at_most_so_many_words() -> None:
    longest = max(phrases("un deux trois bras et puis le soir au lit avec elle"), key=lambda each: each.count(" "))
    assert longest.count(" ") + 1 == MAX_SPAN


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("le bras", COMMON_SIMILARITY),
        ("hypoxémie", FRENCH_SIMILARITY),
        ("amulodipine", RARE_SIMILARITY),
        ("amulodipine hypoxémie", FRENCH_SIMILARITY),
    ],
)
def test_an_entry_must_sound_the_more_like_words_the_more_certainly_they_are_french(text: str, least: float) -> None:
    spans = {span.phrase: span.least for span in replaceable_spans(split_words(text), ())}
    assert spans[text] == least


def test_the_words_that_sound_most_like_the_entry_are_chosen_behind_the_floor() -> None:
    spans = replaceable_spans(split_words("amulodipine puis amlodipyne"), ())
    entry = Entry("amlodipine", "drug")
    found = [best_span(spans, floor, entry, "") for floor in (0, 1, 3)]
    assert [each and each[0].phrase for each in found] == ["amlodipyne", "amlodipyne", None]


def test_an_article_is_written_where_it_was_a_part_of_the_word() -> None:
    [found] = [best_span(replaceable_spans(split_words("léparine"), ()), 0, Entry("héparine", "drug"), "l'")]
    assert found is not None
    assert found[1] == "l'héparine"


@pytest.mark.parametrize(
    ("written", "text", "count", "stands"),
    [
        ("mésalazine", "mesalazine", 0, False),
        ("sacroiliite", "sacro-iliite", 0, False),
        ("sacroiliite", "sacro-iliite", 7, True),
        ("mesalazine", "mésalazine", 0, True),
    ],
)
def test_another_spelling_is_taken_where_the_hospital_writes_it_or_an_accent_was_missing(
    written: str, text: str, count: int, stands: bool
) -> None:
    entry = Entry(text, "drug", count)
    assert bool(best_span(replaceable_spans(split_words(written), ()), 0, entry, "")) == stands


def test_one_common_word_alone_stays_whatever_sounds_like_it() -> None:
    assert phrases("bras") == set()
    assert "les candidats" in phrases("les candidats")
    assert "candidats" not in phrases("les candidats")


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("escitalopram", "citalopram"),
        ("lévocétirizine", "cétirizine"),
        ("noradrénaline", "adrénaline"),
        ("lipegfilgrastim", "pegfilgrastim"),
        ("pegfilgrastim", "filgrastim"),
    ],
)
def test_a_drug_is_not_written_without_the_prefix_that_makes_another_of_it(written: str, entry: str) -> None:
    assert best_span(replaceable_spans(split_words(written), ()), 0, Entry(entry), "") is None


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("et citalopromme", "escitalopram"),
        ("tamsulosine et citalopramme", "escitalopram"),
        ("loratadinne", "desloratadine"),
    ],
)
def test_a_drug_is_not_written_with_a_prefix_that_was_not_said(written: str, entry: str) -> None:
    assert best_span(replaceable_spans(split_words(written), ()), 0, Entry(entry), "") is None
    assert likenesses(replaceable_spans(split_words(written), ()), [Entry(entry)], [""]) == []


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("le vothyrocse", "lévothyrox"),
        ("l'escitalopramme", "escitalopram"),
        ("et soufflemant", "essoufflement"),
        ("est carre", "escarre"),
    ],
)
def test_an_entry_that_was_split_in_front_is_still_written(written: str, entry: str) -> None:
    assert best_span(replaceable_spans(split_words(written), ()), 0, Entry(entry), "") is not None


@pytest.mark.parametrize(("entry", "elided"), [("ganglion", False), ("héparine", True), ("artère", True)])
def test_an_article_is_elided_before_a_vowel_or_an_h_only(entry: str, elided: bool) -> None:
    assert any(written == f"d'{entry}" for _, written in forms_of(Entry(entry), "d'")) == elided
