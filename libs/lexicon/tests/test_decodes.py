"""Right sentences stay right: decodes of dictated medical sentences, and the second ones that a lexicon spoiled.

`data/decodes.jsonl`: sentences of our own corpus in a synthetic voice, medical and everyday, which a fine-tuned
Whisper base wrote without an error; what it wrote with candidates as prompt (edsnlp 0.23.0's lists: of 10,000 entries
without the sentences' terms for the medical ones, of 50,000 for the others); those.
"""

import json
from pathlib import Path

import pytest
from carabin.lexicon import Entry, merge
from carabin.lexicon.entries import fold
from carabin.lexicon.words import split_words

DECODES = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "decodes.jsonl").read_text("utf-8").splitlines()
]


def keys(text: str) -> list[str]:
    return [word.key for word in split_words(text)]


@pytest.mark.parametrize("decode", DECODES, ids=range(len(DECODES)))
def test_a_right_sentence_is_not_spoiled_by_a_lexicon_that_holds_none_of_its_terms(decode: dict[str, str]) -> None:
    entries = [Entry(text, kind) for text, kind in decode["candidates"]]
    found = merge(decode["first"], decode["second"], entries, {fold(entry.text) for entry in entries})
    assert keys(found.text) == keys(decode["first"])


def test_the_second_decodes_would_have_spoiled_many() -> None:
    assert sum(keys(each["second"]) != keys(each["first"]) for each in DECODES) > len(DECODES) / 4
