"""The corpus is large, varied and written in one way, and each of its terms can be learnt and tested."""

import re
from collections import Counter
from pathlib import Path

import pytest
from carabin.trainer.datasets.splits import GENERAL_SHARES, split_by_sentence
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.text.corpus import drug_lines, general_sentences, medical_sentences, sentences_of
from carabin.trainer.text.normalize import normalize, words
from carabin.trainer.text.terms import TermIndex, load_terms

MEDICAL = [sentence.text for sentence in medical_sentences()]
GENERAL = [sentence.text for sentence in general_sentences()]
TERMS = TermIndex(load_terms())


def terms_of(sentence: str) -> set[str]:
    return {term for term, _, _ in TERMS.find(words(sentence))}


def test_there_are_enough_sentences_across_specialties() -> None:
    assert len(MEDICAL) >= 320
    assert len(GENERAL) >= 120
    topics = Counter(sentence.topic for sentence in medical_sentences())
    assert len(topics) >= 18
    assert min(topics.values()) >= 9


def test_no_two_sentences_say_the_same_and_none_is_in_both_corpora() -> None:
    said = [normalize(sentence) for sentence in (*MEDICAL, *GENERAL)]
    assert [text for text, times in Counter(said).items() if times > 1] == []


def test_a_sentence_takes_a_few_seconds_and_is_punctuated() -> None:
    def well_formed(sentence: str) -> bool:
        written = sentence[0].isupper() and sentence.endswith((".", " ?")) and "  " not in sentence
        return written and "’" not in sentence and 6 <= len(sentence.split()) <= 22

    assert [sentence for sentence in (*MEDICAL, *GENERAL) if not well_formed(sentence)] == []


def test_reports_hold_what_clinicians_fear_to_lose() -> None:
    def share(pattern: str) -> float:
        return sum(bool(re.search(pattern, sentence)) for sentence in MEDICAL) / len(MEDICAL)

    assert share(r"\b(droite?s?|gauches?|bilatéral\w*)\b") > 0.2
    assert share(r"(?i)\b(pas|sans|ni|aucune?|absence|négati\w+)\b") > 0.12
    assert share(r"\d (?:mg|µg|g|mm|cm|%|m?mol|UI|unités|mL)") > 0.2


def test_each_term_is_in_three_sentences_or_more() -> None:
    found = Counter(term for sentence in MEDICAL for term in terms_of(sentence))
    assert 150 <= len(load_terms()) <= 200
    assert [term for term in load_terms() if found[term] < 3] == []


def test_what_is_tested_was_taught_in_other_sentences() -> None:
    by_split: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    sizes: Counter[str] = Counter()
    for sentence in MEDICAL:
        split = split_by_sentence(sentence)
        by_split[split] |= terms_of(sentence)
        sizes[split] += 1
    assert by_split["test"] <= by_split["train"]
    assert len(by_split["test"]) >= 90
    assert sizes["train"] / len(MEDICAL) == pytest.approx(0.70, abs=0.03)
    assert sizes["test"] / len(MEDICAL) == pytest.approx(0.20, abs=0.03)


def test_half_of_the_general_sentences_are_kept_to_measure_forgetting() -> None:
    sizes = Counter(split_by_sentence(sentence, GENERAL_SHARES) for sentence in GENERAL)
    assert sizes["test"] / len(GENERAL) == pytest.approx(0.5, abs=0.08)
    assert min(sizes.values()) >= 10


def test_every_drug_of_the_list_is_prescribed_somewhere() -> None:
    text = " ".join(f"/ {normalize(sentence)} /" for sentence in MEDICAL)
    assert [drug for drug in drug_lines() if f" {normalize(drug)} " not in text] == []


def test_a_file_of_sentences_serves_as_a_corpus(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("# Titre\nUne phrase.\n\nUne autre phrase.\nUne phrase.\n", encoding="utf-8")
    assert sentences_of(str(file)) == ["Une phrase.", "Une autre phrase."]
    file.write_bytes("\ufeff# titre\nUne phrase.\n".encode())
    assert sentences_of(str(file)) == ["Une phrase."]
    file.write_bytes(b"caf\xe9")
    with pytest.raises(DatasetInvalid, match=r"mine\.txt: it is not UTF-8"):
        sentences_of(str(file))
    with pytest.raises(DatasetInvalid, match="neither medical, general nor a file"):
        sentences_of("cardiology")
