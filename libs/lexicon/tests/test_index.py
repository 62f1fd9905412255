"""Which entries are found for what was written, and how fast and small the index is."""

import json
import random
import tracemalloc
from pathlib import Path

import pytest
from carabin.lexicon import Entry, Lexicon, LexiconIndex
from carabin.lexicon.bigrams import MIN_SHARED, MIN_SIMILARITY, MOST_NEAR
from carabin.lexicon.common import is_common
from carabin.lexicon.entries import joined
from carabin.lexicon.index import MAX_CANDIDATES, MAX_SPAN
from carabin.lexicon.phonetics import MIN_SOUNDS, phonetic_key
from carabin.lexicon.words import split_words
from rapidfuzz.distance import Levenshtein

DRUGS = ("amlodipine", "amiodarone", "bisoprolol", "apixaban", "héparine", "furosémide", "oméprazole", "IRM")
INDEX = LexiconIndex(
    Lexicon(tuple(Entry(text) for text in (*DRUGS, "hernie discale", "anévrisme", "ictère", "veine thrombosée")))
)


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
        ("des zanévrismes multiples", "anévrisme"),
        ("un nictère cutané", "ictère"),
        ("dans lictère", "ictère"),
        ("laveinethrombosée", "veine thrombosée"),
    ],
)
def test_entry_is_found_under_what_whisper_wrote_for_it(written: str, meant: str) -> None:
    found = [candidate.entry.text for candidate in INDEX.candidates(written.split())]
    assert meant in found


def test_everyday_sentence_has_no_candidate() -> None:
    words = ["le", "patient", "est", "rentré", "chez", "lui", "ce", "matin", "avec", "sa", "femme"]
    assert INDEX.candidates(words) == []


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


DECODES = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "decodes.jsonl").read_text("utf-8").splitlines()
]


def bigrams(key: str) -> set[str]:
    padded = f"^{key}$"
    return {padded[place : place + 2] for place in range(len(padded) - 1)}


def similar_by_definition(keys: dict[str, str], sounds: str) -> dict[str, float]:
    """Return what the index must find for a span, from the rules that its constants state and nothing else."""
    exact = {text: 1.0 for text, key in keys.items() if key == sounds}
    if exact or len(sounds) < MIN_SOUNDS:
        return exact
    wanted = bigrams(sounds)
    shared = {
        text: len(wanted & bigrams(key))
        for text, key in keys.items()
        if abs(len(key) - len(sounds)) <= (1 - MIN_SIMILARITY) * max(len(key), len(sounds))
    }
    near = [text for text, count in shared.items() if count >= max(1.0, MIN_SHARED * len(wanted))]
    near = sorted(near, key=lambda text: -shared[text])[:MOST_NEAR]
    found = {
        text: Levenshtein.normalized_similarity(sounds, keys[text]) for text in near if len(keys[text]) >= MIN_SOUNDS
    }
    return {text: similarity for text, similarity in found.items() if similarity >= MIN_SIMILARITY}


def candidates_by_definition(keys: dict[str, str], words: list[str]) -> list[tuple[str, float]]:
    best: dict[str, float] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + MAX_SPAN, len(words)) + 1):
            if not all(map(is_common, words[start:end])):
                for text, similarity in similar_by_definition(keys, phonetic_key(" ".join(words[start:end]))).items():
                    best[text] = max(similarity, best.get(text, 0.0))
    order = list(keys)
    return sorted(best.items(), key=lambda item: (-item[1], order.index(item[0])))[:MAX_CANDIDATES]


def test_index_finds_what_a_comparison_with_every_entry_finds() -> None:
    lexicon = joined(Entry(text, kind) for decode in DECODES for text, kind in decode["candidates"])
    keys = {entry.text: phonetic_key(entry.text) for entry in lexicon}
    texts = [[word.text for word in split_words(decode["first"])] for decode in DECODES[::12]]
    found = LexiconIndex(lexicon).candidates_of(texts)
    assert [[(one.entry.text, one.similarity) for one in of_text] for of_text in found] == [
        candidates_by_definition(keys, words) for words in texts
    ]


def test_transcripts_that_share_words_are_looked_up_as_each_alone() -> None:
    texts = [
        text.split() for text in ("sous bise au prolol le soir", "sous bise au prolole le soir", "une airnie discalle")
    ]
    assert INDEX.candidates_of(texts) == [INDEX.candidates(words) for words in texts]
    assert INDEX.candidates_of([]) == []
