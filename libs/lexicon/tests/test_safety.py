"""What would harm a patient: one drug for another, a dose, a side or a negation changed, a right sentence spoiled."""

from pathlib import Path

import pytest
from carabin.lexicon import Entry, Lexicon, LexiconIndex, merge
from carabin.lexicon.build import build
from carabin.lexicon.entries import fold, is_phrase
from carabin.lexicon.spans import protected_words
from carabin.lexicon.words import split_words
from hypothesis import given, settings
from hypothesis import strategies as st
from wordfreq import top_n_list

PAIRS = [
    (line.split("\t")[1], line.split("\t")[2])
    for line in (Path(__file__).parent / "data" / "pairs.tsv").read_text("utf-8").splitlines()
    if line.startswith("unlike\t")
]
ENTRIES = [Entry(text, "drug") for text in sorted({word for pair in PAIRS for word in pair})]
KNOWN = {fold(entry.text) for entry in ENTRIES}
INDEX = LexiconIndex(Lexicon(tuple(ENTRIES)))
DOSED = ["5 mg", "dix milligrammes", "à droite", "sans effet", "pas de suite", "trois fois par jour"]
EVERYDAY = "le patient est rentré chez lui ce matin avec sa femme et il va bien".split()  # noqa: SIM905

EVERYDAY_SENTENCES = (
    "Le patient est rentré chez lui ce matin avec sa femme et il va bien.",
    "Nous avons changé le rendez-vous de la semaine prochaine.",
    "La réunion commence à dix heures dans la grande salle du premier étage.",
    "Elle prend le train tous les jours pour aller travailler en ville.",
)


@pytest.mark.parametrize(("written", "other"), [*PAIRS, *((two, one) for one, two in PAIRS)])
def test_word_of_the_lexicon_never_becomes_another_that_sounds_like_it(written: str, other: str) -> None:
    first, second = f"Traitement par {written} 5 mg.", f"Traitement par {other} 5 mg."
    assert merge(first, second, ENTRIES, KNOWN).text == first


def test_word_of_the_sites_reports_is_never_replaced_by_an_entry_of_the_same_frequency_or_of_any_other() -> None:
    reports = ["Hypoxémie sous amlodipine."] * 4 + ["Hypocalcémie sous amiodarone, hypoxémie."] * 4
    lexicon = build(reports).lexicon
    counts = {fold(entry.text): entry.count for entry in lexicon}
    assert (counts["amlodipine"], counts["amiodarone"], counts["hypoxémie"]) == (4, 4, 8)
    for one in lexicon:
        for other in lexicon:
            first, second = f"Une {one.text} récente.", f"Une {other.text} récente."
            assert merge(first, second, lexicon, counts).text == first


@given(st.lists(st.sampled_from([*DOSED, *EVERYDAY, *KNOWN, "bise au prolol", "fluor odipine"]), max_size=8), st.data())
@settings(max_examples=300, derandomize=True)
def test_numbers_sides_and_negations_are_those_of_the_first_decode_whatever_the_second_says(
    parts: list[str], data: st.DataObject
) -> None:
    other = data.draw(st.lists(st.sampled_from([*DOSED, *EVERYDAY, *KNOWN]), max_size=8))
    first, second = " ".join(parts), " ".join(other)
    found = merge(first, second, ENTRIES, KNOWN)
    assert _protected(found.text) == _protected(first)


@given(st.lists(st.sampled_from([*EVERYDAY, *KNOWN]), min_size=1, max_size=10))
@settings(max_examples=200, derandomize=True)
def test_sentence_of_everyday_and_lexicon_words_is_left_as_it_is(words: list[str]) -> None:
    first = " ".join(words)
    for second in (first, " ".join(reversed(words)), " ".join([*words, "amiodarone"])):
        for entry in KNOWN & set(words):
            assert merge(first, second, ENTRIES, KNOWN).text.split().count(entry) == words.count(entry)


@pytest.mark.parametrize("language", ["fr", "en", "de"])
def test_list_of_everyday_words_of_any_language_changes_no_everyday_sentence(language: str) -> None:
    entries = [Entry(word) for word in top_n_list(language, 3000) if is_phrase(word)]
    known = {fold(entry.text) for entry in entries}
    index = LexiconIndex(Lexicon(tuple(entries)))
    for first in EVERYDAY_SENTENCES:
        found = [candidate.entry for candidate in index.candidates([word.text for word in split_words(first)])]
        for entry in found:
            for word in split_words(first):
                second = first[: word.start] + entry.text + first[word.end :]
                assert merge(first, second, found, known).text == first, entry.text


def _protected(text: str) -> list[str]:
    return [word.key for word in split_words(text) if word.key in protected_words() or word.text.isdigit()]
