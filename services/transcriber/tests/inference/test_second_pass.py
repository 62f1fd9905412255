"""The second decode on the same encoder output, with real weights and a real voice."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from carabin.lexicon import Entry, Lexicon
from carabin.lexicon.common import is_french
from carabin.lexicon.words import split_words
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.models.lexicons import LoadedLexicon
from carabin.transcriber.models.prompt import build_prompt
from carabin.transcriber.models.second_pass import LexiconPass

from ..helpers.real_models import SENTENCE, base_folder, engine, say

__all__ = ["base_folder", "engine"]

DRUGS = "Induction par propofol et sufentanil, intubation sans difficulté."
LOADED = LoadedLexicon(
    Lexicon(tuple(Entry(text, "drug") for text in ("propofol", "sufentanil", "rémifentanil", "kétamine"))), {}
)


def request(engine: Ct2Engine, sentence: str) -> DecodeRequest:
    second_pass = LexiconPass((LOADED,), lambda texts: build_prompt(engine, texts, None).tokens)
    return DecodeRequest(say(sentence), 750, "fr", max_tokens=80, beam_size=5, silence_s=0.35, second_pass=second_pass)


def test_drugs_of_the_lexicon_are_written_that_a_stock_model_misses(engine: Ct2Engine) -> None:
    asked = request(engine, DRUGS)
    [without], _ = engine.decode([replace(asked, second_pass=None)])
    [found], _ = engine.decode([asked])
    assert "sufentanil" not in without.text
    assert "sufentanil" in found.text
    assert "sufentanil" in found.lexicon
    assert "".join(word.text for word in found.words) == found.text


def test_word_times_of_a_merged_text_are_those_of_its_words(engine: Ct2Engine) -> None:
    [found], _ = engine.decode([replace(request(engine, DRUGS), word_timestamps=True)])
    assert "".join(word.text for word in found.timed_words).strip() == found.text.strip()
    starts = [word.start_s for word in found.timed_words]
    assert starts == sorted(starts)


def test_sentence_without_such_words_is_decoded_once(engine: Ct2Engine) -> None:
    asked = request(engine, SENTENCE)
    [found], _ = engine.decode([asked])
    assert found.passes == 1
    assert found.lexicon == ()


def test_second_decode_of_one_request_leaves_the_others_of_its_batch_alone(engine: Ct2Engine) -> None:
    plain = replace(request(engine, SENTENCE), second_pass=None)
    [alone], _ = engine.decode([plain])
    [_, beside], _ = engine.decode([request(engine, DRUGS), plain])
    assert beside.text == alone.text


@pytest.mark.parametrize("texts", [("sufentanil",), ("propofol", "sufentanil")])
def test_words_of_the_session_come_before_those_of_the_lexicon(engine: Ct2Engine, texts: tuple[str, ...]) -> None:
    prompt = build_prompt(engine, ["bisoprolol", *texts], None)
    assert prompt.expected == ("bisoprolol", *texts)


def test_beams_other_hypotheses_are_returned_where_a_second_pass_looks_them_up(engine: Ct2Engine) -> None:
    asked = request(engine, DRUGS)
    [found], _ = engine.decode([asked])
    [plain], _ = engine.decode([replace(asked, second_pass=None)])
    assert len(found.alternatives) == 4
    assert found.alternatives[0] != plain.text
    assert "intubation sans difficulté" in found.alternatives[0]
    assert plain.alternatives == ()


def test_entry_that_sounds_as_what_was_written_is_put_in_with_its_times_and_without_a_second_decode(
    engine: Ct2Engine,
) -> None:
    asked = replace(request(engine, DRUGS), word_timestamps=True)
    [without], _ = engine.decode([replace(asked, second_pass=None)])
    wrong = next(word.text for word in split_words(without.text) if not is_french(word.text))
    loaded = LoadedLexicon(Lexicon((Entry("zolixumab", spoken=(wrong,)),)), {})
    second_pass = LexiconPass((loaded,), lambda texts: build_prompt(engine, texts, None).tokens)
    [found], _ = engine.decode([replace(asked, second_pass=second_pass)])
    assert found.passes == 1
    assert found.text == without.text.replace(wrong, "zolixumab")
    assert found.lexicon == ("zolixumab",)
    assert "".join(word.text for word in found.words) == found.text
    assert "".join(word.text for word in found.timed_words).strip() == found.text.strip()


@pytest.mark.parametrize("held", [True, False])
def test_second_decode_that_begins_with_the_first_is_taken_where_its_prompt_held_the_words_in_doubt(
    base_folder: Path, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    engine = Ct2Engine(base_folder, replicas=2)
    asked = request(engine, DRUGS)
    [without], _ = engine.decode([replace(asked, second_pass=None)])
    [found], _ = engine.decode([asked])
    decoded: list[str] = []
    prompted = engine._prompted

    def counted(*of: Any) -> Any:
        if of[3]:  # the prompt
            decoded.append(threading.current_thread().name)
        return prompted(*of)

    monkeypatch.setattr(engine, "_prompted", counted)
    draft = without.text if held else " Sous kétabine."
    [early], _ = engine.decode([replace(request(engine, DRUGS), draft=lambda: draft)])
    engine.close()
    assert [name.startswith("second-decode") for name in decoded].count(False) == (0 if held else 1)
    assert (early.passes, early.lexicon) == (2, found.lexicon)
    assert early.text == found.text


def test_engine_of_one_replica_and_a_batch_of_several_decode_one_after_the_other(
    engine: Ct2Engine, base_folder: Path
) -> None:
    asked = replace(request(engine, DRUGS), draft=lambda: " Induction par propofolle.")
    [alone], _ = engine.decode([asked])
    two = Ct2Engine(base_folder, replicas=2)
    [first, second], _ = two.decode([asked, request(two, DRUGS)])
    two.close()
    assert first.text == second.text == alone.text


def test_words_that_were_not_replaced_keep_their_probability_and_every_word_has_one(engine: Ct2Engine) -> None:
    asked = replace(request(engine, DRUGS), word_timestamps=True)
    [without], _ = engine.decode([replace(asked, second_pass=None)])
    [found], _ = engine.decode([asked])
    kept = 0
    for before, after in zip(without.timed_words, found.timed_words, strict=False):
        if before.text != after.text:
            break
        kept += 1
        assert after.probability == pytest.approx(before.probability, abs=0.02)
    assert kept >= 2
    assert all(0.0 < word.probability <= 1.0 for word in found.timed_words)
    assert found.avg_logprob == without.avg_logprob, "the confidence of a final is that of what was decoded freely"
