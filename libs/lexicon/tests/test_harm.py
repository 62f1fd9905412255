"""What the merge does to 500 everyday and 500 medical sentences: those that were right stay right.

`data/harm.jsonl` are real decodes of a Whisper base that `make demo` fine-tuned, of sentences of our own in a synthetic
voice; the lexicons hold 50,000 entries for the everyday ones, and for the medical ones 10,000 without their terms, and
with them. `bench/lexicon_harm.py --keep` writes them anew, for other rules of retrieval or another model.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from carabin.lexicon import Entry, merge, needs_second_decode
from carabin.lexicon.words import split_words
from carabin.trainer.evaluation.critical_errors import critical_errors
from carabin.trainer.text.normalize import normalize

FILE = Path(__file__).parent / "data" / "harm.jsonl"
EVERYDAY, WITHOUT_TERMS, WITH_TERMS = "everyday", "medical", "medical, terms known"


@cache
def decodes(lexicon: str) -> Sequence[dict[str, Any]]:
    lines = map(json.loads, FILE.read_text("utf-8").splitlines())
    return [decode for decode in lines if decode["lexicon"] == lexicon]


def keys(text: str) -> list[str]:
    return [word.key for word in split_words(text)]


def written(decode: dict[str, Any]) -> str:
    entries = [Entry(text, kind) for text, kind in decode["candidates"]]
    known = frozenset(decode["known"])
    again = needs_second_decode(decode["first"], entries, known)
    if again and decode["second"] is None:
        pytest.fail(f"a second decode would be made of {decode['first']!r} now: run bench/lexicon_harm.py --keep again")
    return merge(decode["first"], decode["second"] if again else None, entries, known).text


def right(lexicon: str) -> list[dict[str, Any]]:
    return [decode for decode in decodes(lexicon) if keys(decode["first"]) == keys(decode["said"])]


def spoiled(lexicon: str) -> list[str]:
    return [decode["said"] for decode in right(lexicon) if keys(written(decode)) != keys(decode["said"])]


@pytest.mark.parametrize("lexicon", [EVERYDAY, WITHOUT_TERMS, WITH_TERMS])
def test_five_hundred_sentences_of_each_kind_are_decoded_and_many_of_them_right(lexicon: str) -> None:
    assert len({decode["said"] for decode in decodes(lexicon)}) == 500
    assert len(right(lexicon)) > 200


def test_no_everyday_sentence_that_was_right_becomes_wrong() -> None:
    assert spoiled(EVERYDAY) == []


@pytest.mark.parametrize("lexicon", [WITHOUT_TERMS, WITH_TERMS])
def test_no_medical_sentence_that_was_right_becomes_wrong(lexicon: str) -> None:
    assert spoiled(lexicon) == []


def test_everyday_sentences_that_were_wrong_are_left_as_they_are_but_for_a_few() -> None:
    changed = [decode for decode in decodes(EVERYDAY) if keys(written(decode)) != keys(decode["first"])]
    assert len(changed) <= 0.02 * len(decodes(EVERYDAY))


def test_a_lexicon_with_the_terms_brings_words_that_were_missed() -> None:
    def wrong(decode: dict[str, Any], text: str) -> int:
        return len(set(keys(decode["said"])) - set(keys(text)))

    before = sum(wrong(decode, decode["first"]) for decode in decodes(WITH_TERMS))
    after = sum(wrong(decode, written(decode)) for decode in decodes(WITH_TERMS))
    assert after < 0.95 * before


@pytest.mark.parametrize("lexicon", [EVERYDAY, WITHOUT_TERMS, WITH_TERMS])
def test_drug_errors_and_other_critical_ones_do_not_rise(lexicon: str) -> None:
    def counted(texts: Sequence[str]) -> Counter[str]:
        counts = Counter[str]()
        for decode, text in zip(decodes(lexicon), texts, strict=True):
            found = critical_errors(normalize(decode["said"]).split(), normalize(text).split())
            counts.update({kind: count.errors for kind, count in found.items()})
        return counts

    before = counted([decode["first"] for decode in decodes(lexicon)])
    after = counted([written(decode) for decode in decodes(lexicon)])
    assert {kind: after[kind] - before[kind] for kind in before if after[kind] > before[kind]} == {}
    assert lexicon != WITH_TERMS or after["drug"] < before["drug"]
