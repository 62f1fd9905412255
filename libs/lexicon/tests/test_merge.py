"""What the second decode may change, and what it may never."""

from collections.abc import Container, Sequence

import pytest
from carabin.lexicon import Entry, merge, needs_second_decode
from carabin.lexicon.likeness import likenesses
from carabin.lexicon.spans import replaceable_spans
from carabin.lexicon.words import split_words

DRUGS = [
    Entry(text, "drug")
    for text in ("amlodipine", "amiodarone", "bisoprolol", "héparine", "hydroxyzine", "hydralazine", "Cerazette")
]
KNOWN = {entry.text for entry in DRUGS}


def merged(first: str, second: str) -> str:
    return merge(first, second, DRUGS, KNOWN).text


def may_replace(first: str, entries: Sequence[Entry], known: Container[str] = ()) -> bool:
    """Say whether any entry may stand for any words of a transcript, sure or not."""
    return bool(likenesses(replaceable_spans(split_words(first), known), entries, ("", "l'", "d'")))


def test_misrecognised_word_becomes_the_lexicon_word_that_sounds_like_it() -> None:
    found = merge("Traitement par ham l'eau dipine.", "Traitement par amlodipine.", DRUGS, KNOWN)
    assert found.text == "Traitement par amlodipine."
    [replacement] = found.replacements
    assert replacement.entry.text == "amlodipine"
    assert found.text[replacement.start : replacement.end] == "amlodipine"
    assert replacement.replaced == "ham l'eau dipine"


def test_article_that_was_misrecognised_with_the_word_is_taken_with_it() -> None:
    assert merged("On arrête les parines ce jour.", "On arrête l'héparine ce jour.") == "On arrête l'héparine ce jour."


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("amlodipine dix milligrammes", "amiodarone dix milligrammes"),
        ("hydroxyzine le soir", "hydralazine le soir"),
        ("bizoprolol 5 mg", "bisoprolol 50 mg"),
        ("pas de fièvre", "par héparine"),
        ("genou droit", "genou gauche"),
        ("le patient va bien", "amlodipine va bien"),
        ("il a mal au bras", "il amiodarone au bras"),
        ("", "amlodipine"),
        ("douleur", ""),
        ("Ses trossettes demandent deux œufs", "Cerazette demandent deux œufs"),
    ],
    ids=lambda value: value[:20],
)
def test_drug_number_side_negation_and_everyday_words_stay(first: str, second: str) -> None:
    kept = merged(first, second)
    assert kept == first or kept == first.replace("bizoprolol", "bisoprolol")


def test_number_beside_a_replaced_word_is_the_first_decodes() -> None:
    assert merged("bizoprole 5 mg", "bisoprolol 50 mg") in ("bisoprolol 5 mg", "bizoprole 5 mg")


def test_word_that_is_in_the_second_decode_only_is_not_inserted() -> None:
    assert merged("traitement le matin", "traitement amlodipine le matin") == "traitement le matin"


def test_capital_of_a_sentence_is_kept() -> None:
    assert merged("Bizo prolole le matin", "bisoprolol le matin") == "Bisoprolol le matin"


def test_empty_list_of_candidates_changes_nothing() -> None:
    assert merge("ham l'eau dipine", "amlodipine", [], ()).text == "ham l'eau dipine"


def test_each_entry_of_a_misrecognised_region_is_taken_alone() -> None:
    first = "Il prend ami au darone chai pas bise au prolol."
    second = "Il prend amiodarone je passe bisoprolol."
    assert merged(first, second) == "Il prend amiodarone chai pas bisoprolol."


@pytest.mark.parametrize(("written", "entry"), [("ovarienne", "ovariennes"), ("gliaux", "gliau"), ("stents", "stent")])
def test_word_is_not_replaced_by_an_entry_that_is_its_singular_or_plural(written: str, entry: str) -> None:
    first, second = f"Atteinte {written} ce jour.", f"Atteinte {entry} ce jour."
    assert merge(first, second, [Entry(entry)], {entry}).text == first


@pytest.mark.parametrize(
    ("written", "entry"),
    [("hypoxémie", "hypocalcémie"), ("pneumothorax", "pyothorax"), ("orthophonique", "orthophonie")],
)
def test_a_rarer_word_of_french_does_not_become_an_entry_that_resembles_it(written: str, entry: str) -> None:
    first, second = f"Une {written} récente.", f"Une {entry} récente."
    assert merge(first, second, [Entry(entry, "disease")], {entry}).text == first
    assert not may_replace(first, [Entry(entry, "disease")], {entry})


def test_an_entry_stands_for_what_sounds_like_one_of_its_spoken_forms() -> None:
    entry = Entry("BPCO", "abbreviation", spoken=("bronchopneumopathie obstructive",))
    first, second = "Suivi d'une bronchopneumopatie obstructives.", "Suivi d'une BPCO."
    assert merge(first, second, [entry], {"bpco"}).text == "Suivi d'une BPCO."


def test_a_candidate_may_replace_words_that_sound_like_it_and_are_neither_protected_nor_known() -> None:
    entries = [Entry("bisoprolol", "drug"), Entry("sufentanil", "drug")]
    known = {"bisoprolol", "sufentanil"}
    assert may_replace("Traitement par bisoprolole.", entries, known)
    assert not may_replace("Traitement par sufentanil 5 mg.", entries, known)
    assert not may_replace("", entries, known)


@pytest.mark.parametrize(
    ("first", "second", "entry"),
    [
        ("Cytolyse à dix fois la normale", "Cytolyse à dix fois l'anormale", "anormale"),
        ("une forme de la typique", "une forme de l'atypique", "atypique"),
        ("décontamination nasale demandée", "décontamination nasal demandée", "nasal"),
        ("nystagmus spontané", "nystagmus spontanée", "spontanée"),
        ("hypertension portale", "hypertension portal", "portal"),
        ("Traumatisme cranière avec perte", "Traumatismes avec perte", "traumatismes"),
    ],
)
def test_finding_is_not_reversed_inflected_or_shortened_by_an_entry_that_sounds_the_same(
    first: str, second: str, entry: str
) -> None:
    assert merge(first, second, [Entry(entry, count=9)], {entry}).text == first


@pytest.mark.parametrize(
    ("first", "second", "entry"),
    [
        ("des hydratations modérées", "déshydratation modérées", "déshydratation"),
        ("un hyper signal frontal", "un hypersignal frontal", "hypersignal"),
        ("sous bisoprolole le matin", "sous bisoprolol le matin", "bisoprolol"),
    ],
)
def test_prefix_that_was_written_apart_and_a_mute_letter_of_no_word_are_mended(
    first: str, second: str, entry: str
) -> None:
    assert merge(first, second, [Entry(entry, count=9)], {entry}).text == second


def test_word_that_is_as_well_spelled_is_not_taken_with_the_one_beside_it() -> None:
    first, second = "Rectocolité moragique sous mésalazine", "recto-colite, hémorragique mesalazine"
    entries = [Entry("recto-colite", "disease"), Entry("mesalazine", "drug")]
    assert merge(first, second, entries, {"recto-colite", "mesalazine"}).text == first


@pytest.mark.parametrize(
    ("first", "entry", "meant"),
    [
        ("Oscultation libre, pas de fièvre.", "auscultation", "Auscultation libre, pas de fièvre."),
        ("Trombolyse réalisée ce matin.", "thrombolyse", "Thrombolyse réalisée ce matin."),
        ("Il faut l'épatectomie ce jour.", "hépatectomie", "Il faut l'hépatectomie ce jour."),
    ],
)
def test_word_that_french_lacks_becomes_the_entry_that_sounds_the_same_though_the_second_decode_missed_it(
    first: str, entry: str, meant: str
) -> None:
    assert merge(first, first, [Entry(entry, "act", 9)], {entry}).text == meant


def test_homophone_of_a_french_word_or_of_a_word_of_the_lexicon_needs_the_second_decode() -> None:
    first = "Une balade sous oscultation."
    entries = [Entry("ballade", "word", 9), Entry("auscultation", "act", 9)]
    assert merge(first, first, entries, {"ballade", "auscultation", "oscultation"}).text == first


def test_homophone_and_a_word_of_the_second_decode_are_both_put_in_at_their_places() -> None:
    found = merge(
        "Trombolyse puis bizoprole.", "trombolyse puis bisoprolol", [Entry("bisoprolol"), Entry("thrombolyse")]
    )
    assert found.text == "Thrombolyse puis bisoprolol."
    assert [found.text[each.start : each.end] for each in found.replacements] == ["Thrombolyse", "bisoprolol"]


@pytest.mark.parametrize(
    ("first", "entry", "meant"),
    [
        ("Éditation par fentanil.", Entry("agitation"), None),
        ("Suivi pour spondilartrite.", Entry("spondylarthrite"), "Suivi pour spondylarthrite."),
        ("Deux fois colangiografie ce jour.", Entry("cholangiographie"), "Deux fois cholangiographie ce jour."),
        ("Curarisation par rocuronium.", Entry("vecuronium", "drug"), None),
        ("Curarisation par rocuronium.", Entry("vecuronium"), None),
        ("Sous prednizone le matin.", Entry("prednisolone", "drug"), None),
        ("Traitement par lapatinib.", Entry("afatinib"), None),
        ("Traitement par l'afatinibe.", Entry("afatinib"), "Traitement par l'afatinib."),
        ("Il faut lépatectomie.", Entry("hépatectomie"), "Il faut l'hépatectomie."),
    ],
)
def test_word_that_french_lacks_becomes_what_sounds_nearly_so_without_a_second_decode_and_no_other_drug(
    first: str, entry: Entry, meant: str | None
) -> None:
    found = merge(first, None, [entry], {entry.text})
    assert found.text == (meant or first)
    assert needs_second_decode(first, [entry], {entry.text}) == (meant is None and may_replace(first, [entry]))


def test_second_decode_is_needed_for_the_words_that_no_entry_is_sure_to_stand_for() -> None:
    sure, doubtful = Entry("thrombolyse"), Entry("cholécystite")
    first = "Trombolyse puis une colisite."
    assert not needs_second_decode("Trombolyse puis rien.", [sure, doubtful])
    assert needs_second_decode(first, [sure, doubtful])
    assert merge(first, None, [sure, doubtful]).text == "Thrombolyse puis une colisite."
    assert merge(first, "Thrombolyse puis une cholécystite.", [sure, doubtful]).text == (
        "Thrombolyse puis une cholécystite."
    )


def test_one_word_that_two_entries_may_be_becomes_the_one_that_sounds_most_alike() -> None:
    entries = [Entry("thromboses"), Entry("thrombolyse"), Entry("thrombolyses")]
    found = merge("Trombolise ce matin.", None, entries)
    assert found.text == "Thrombolyse ce matin."
    assert len(found.replacements) == 1
