"""Which entries may stand for which words, as `best_span` says for one entry, and which need no second opinion."""

import pytest
from carabin.lexicon import Entry
from carabin.lexicon.likeness import is_sure, likenesses
from carabin.lexicon.spans import best_span, replaceable_spans
from carabin.lexicon.thresholds import SURE_SIMILARITY
from carabin.lexicon.words import split_words

ARTICLES = ("", "l'", "d'")
ENTRIES = [
    Entry("bisoprolol", "drug"),
    Entry("hépatectomie", "act"),
    Entry("thrombolyse"),
    Entry("mesalazine"),
    Entry("BPCO", "abbreviation", spoken=("bronchopneumopathie obstructive",)),
]


@pytest.mark.parametrize(
    "text",
    [
        "Trombolyse puis bisoprelol le soir",
        "Il faut l'épatectomie ce jour",
        "Suivi d'une bronchopneumopatie obstructives",
        "sous mésalazine, pas de fièvre",
        "",
    ],
)
def test_what_sounds_most_like_an_entry_is_what_a_search_for_it_alone_finds(text: str) -> None:
    spans = replaceable_spans(split_words(text), ())
    found = likenesses(spans, ENTRIES, ARTICLES)
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    for entry in ENTRIES:
        alone = [best for article in ARTICLES if (best := best_span(spans, 0, entry, article))]
        best = next((one for one in found if one.entry == entry), None)
        assert (best is None) == (not alone)
        assert best is None or (best.span, best.written) in alone


@pytest.mark.parametrize(
    ("text", "entry", "sure"),
    [
        ("trombolise", Entry("thrombolyse"), True),
        ("bizoprolole", Entry("bisoprolol", "drug"), True),
        ("bisoprelol", Entry("bisoprolol", "drug"), False),
        ("bisoprelol", Entry("bisoprolol"), False),
        ("auscoltation", Entry("auscultation"), True),
        ("lapatinib", Entry("afatinib"), False),
        ("léparine", Entry("héparine"), True),
        ("lépatectomie", Entry("hépatectomie"), True),
        ("rocuronium", Entry("vecuronium"), False),
    ],
)
def test_what_french_lacks_is_surely_an_entry_that_sounds_nearly_so_and_a_drug_that_sounds_exactly_so(
    text: str, entry: Entry, sure: bool
) -> None:
    found = likenesses(replaceable_spans(split_words(text), ()), [entry], ARTICLES)
    assert found
    assert is_sure(found[0]) == sure
    assert sure or found[0].similarity < 1.0
    assert not sure or found[0].similarity >= SURE_SIMILARITY
