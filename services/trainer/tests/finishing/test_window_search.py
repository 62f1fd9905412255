"""Tests of the search for a safe window: nothing runs away, and enough words say that none are lost."""

from collections.abc import Sequence

import numpy as np
from carabin.registry.serving_window import WindowPolicy
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.evaluation.evaluate import Evaluation, score, summarize
from carabin.trainer.finishing.window_search import (
    CANDIDATES,
    WindowResult,
    WindowTrial,
    beginnings,
    compare,
    runs_away,
    search_window,
)
from carabin.trainer.text.terms import TermIndex

SENTENCES = [f"Le patient numéro {number} tousse depuis lundi matin sans fièvre ni douleur." for number in range(60)]
BUDGET = 0.02
LOOP = "qui stovariendra rien droit, " * 6


def dictation(text: str, seconds: float = 5.0) -> Dictation:
    return Dictation(np.zeros(int(16_000 * seconds), np.float32), text, None, seconds, "0" * 64)


def result(texts: Sequence[str], silence: str = "") -> Evaluation:
    index = TermIndex([])
    rows = tuple(score(dictation(said), text, index) for said, text in zip(SENTENCES, texts, strict=False))
    invented = {"hiss": silence}
    return Evaluation(summarize(rows, (), invented, ()), rows, (), invented)


REFERENCE = result(SENTENCES)
ONE_WRONG = [SENTENCES[0].replace("lundi", "mardi"), *SENTENCES[1:]]


def trial_of(window: WindowPolicy, texts: Sequence[str], **changes: str) -> WindowTrial:
    return compare(window, WindowResult(result(texts, **changes)), REFERENCE, BUDGET)


def test_a_window_that_changes_a_word_in_hundreds_is_safe_and_one_that_loses_words_is_not() -> None:
    assert trial_of(CANDIDATES[0], ONE_WRONG).safe
    worse = trial_of(CANDIDATES[0], [text.replace("lundi", "mardi") for text in SENTENCES])
    assert not worse.safe
    assert worse.rise > BUDGET


def test_a_few_words_decide_nothing() -> None:
    few = [SENTENCES[0].replace("lundi", "mardi"), *SENTENCES[1:4]]
    trial = compare(CANDIDATES[0], WindowResult(result(few)), result(SENTENCES[:4]), BUDGET)
    assert not trial.safe
    assert trial.runaways == 0


def test_one_text_that_repeats_itself_is_enough_to_refuse_a_window() -> None:
    in_a_dictation = trial_of(CANDIDATES[0], [*SENTENCES[:-1], LOOP])
    in_a_short_one = compare(
        CANDIDATES[0], WindowResult(REFERENCE, [("Pas de fièvre.", 1.0), (LOOP, 1.0)]), REFERENCE, BUDGET
    )
    in_silence = trial_of(CANDIDATES[0], SENTENCES, silence="Merci d'avoir regardé.")
    for trial in (in_a_dictation, in_a_short_one, in_silence):
        assert not trial.safe
        assert trial.runaways == 1
        assert str(trial).endswith("1 of its texts run away")  # And not one word of it: logs have it.


def test_what_runs_away_in_the_usual_window_too_is_not_held_against_another() -> None:
    loops = [*SENTENCES[:-1], LOOP]
    assert compare(CANDIDATES[0], WindowResult(result(loops)), result(loops), BUDGET).safe


def test_more_words_than_anybody_says_run_away() -> None:
    assert not runs_away("Pas de fièvre, pas de toux, examen normal.", 2.0)
    assert runs_away(" ".join(f"mot{number}" for number in range(16)), 2.0)
    assert runs_away(LOOP, 30.0)


def test_the_smallest_safe_window_is_taken_and_each_trial_is_reported() -> None:
    sentences: list[str] = []

    def evaluate(window: WindowPolicy) -> WindowResult:
        return WindowResult(result(SENTENCES), [(LOOP, 1.0)] if window == CANDIDATES[0] else [])

    trial = search_window(evaluate, REFERENCE, BUDGET, sentences.append)
    assert trial is not None
    assert trial.window == CANDIDATES[1]
    assert [sentence.rpartition(": ")[2] for sentence in sentences[1:]] == ["safe"]
    assert search_window(lambda _: WindowResult(REFERENCE, [(LOOP, 1.0)]), REFERENCE, BUDGET, lambda _: None) is None


def test_beginnings_are_as_short_as_the_floor_is_meant_for() -> None:
    window = WindowPolicy(min_frames=200, margin_frames=100)
    parts = beginnings([dictation(text) for text in SENTENCES], window, most=4)
    assert [len(part) for part in parts] == [16_000] * 4
