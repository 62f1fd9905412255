"""Which entries are found for what was written, and how fast and small the index is."""

import random
import tracemalloc

import pytest
from carabin.lexicon import Entry, Lexicon, LexiconIndex

DRUGS = ("amlodipine", "amiodarone", "bisoprolol", "apixaban", "héparine", "furosémide", "oméprazole", "IRM")
INDEX = LexiconIndex(Lexicon(tuple(Entry(text) for text in (*DRUGS, "hernie discale"))))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("traitement par ham l'eau dipine", "amlodipine"),
        ("traitement par ami au darone", "amiodarone"),
        ("sous bise au prolol", "bisoprolol"),
        ("sous phyrosémide quarante", "furosémide"),
        ("les parines de bas poids", "héparine"),
        ("une airnie discalle", "hernie discale"),
        ("aux méprazole vingt", "oméprazole"),
    ],
)
def test_entry_is_found_under_what_whisper_wrote_for_it(written: str, meant: str) -> None:
    found = [candidate.entry.text for candidate in INDEX.candidates(written.split())]
    assert meant in found


def test_everyday_sentence_has_no_candidate() -> None:
    words = ["le", "patient", "est", "rentré", "chez", "lui", "ce", "matin", "avec", "sa", "femme"]
    assert INDEX.candidates(words) == []


def test_common_words_are_looked_up_where_the_model_doubted_them() -> None:
    assert not LexiconIndex(Lexicon((Entry("imagerie"),))).candidates(["une", "image", "riz"])
    doubted = LexiconIndex(Lexicon((Entry("imagerie"),))).candidates(["une", "image", "riz"], [0.9, 0.3, 0.2])
    assert [candidate.entry.text for candidate in doubted] == ["imagerie"]


def test_spoken_form_finds_its_entry() -> None:
    index = LexiconIndex(Lexicon((Entry("HbA1c", "abbreviation", 0, ("hémoglobine glyquée",)),)))
    assert [found.entry.text for found in index.candidates(["une", "émoglobine", "gliquée", "haute"])] == ["HbA1c"]


def test_index_of_fifty_thousand_entries_is_small() -> None:
    rng = random.Random(7)
    syllables = "ba co di fu ga lé mi no pra ru si ta vo xi zan ol ine ose ite émie".split()  # noqa: SIM905
    texts = {"".join(rng.choice(syllables) for _ in range(rng.randint(3, 6))) for _ in range(60_000)}
    entries = tuple(Entry(text) for text in sorted(texts)[:50_000])
    tracemalloc.start()
    index = LexiconIndex(Lexicon(entries))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 50_000_000
    assert index.candidates([entries[123].text])[0].entry == entries[123]
