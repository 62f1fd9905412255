"""Tests of how much of what was learnt is kept, and of the window that is safe."""

from carabin.registry.checkpoints import WindowPolicy
from carabin.trainer.selection import SAFE_WINDOW, WINDOWS, Candidate, choose, prove_window

STOCK = {"wer": 0.6, "general_wer": 0.10}
GREEDY = Candidate(1.0, {"wer": 0.20, "general_wer": 0.14})
MODERATE = Candidate(0.8, {"wer": 0.25, "general_wer": 0.109})
TIMID = Candidate(0.5, {"wer": 0.40, "general_wer": 0.10})


def test_the_fewest_medical_errors_within_the_budget_win() -> None:
    choice = choose([GREEDY, MODERATE, TIMID], STOCK, budget=0.01)
    assert (choice.candidate, choice.within_budget) == (MODERATE, True)
    assert choose([GREEDY, MODERATE, TIMID], STOCK, budget=0.05).candidate == GREEDY


def test_where_none_keeps_within_the_budget_the_least_harm_wins_and_it_is_said() -> None:
    choice = choose([GREEDY, MODERATE], STOCK, budget=0.001)
    assert (choice.candidate, choice.within_budget) == (MODERATE, False)


def test_without_a_general_set_medical_errors_decide() -> None:
    choice = choose([Candidate(1.0, {"wer": 0.2}), Candidate(0.5, {"wer": 0.3})], {}, budget=0.01)
    assert (choice.candidate.alpha, choice.within_budget) == (1.0, True)


def test_the_smallest_window_that_costs_no_words_is_taken() -> None:
    reference = {"wer": 0.20, "general_wer": 0.10}

    def measure(window: WindowPolicy) -> dict[str, float]:
        return {"wer": 0.30, "general_wer": 0.10} if window == WINDOWS[0] else reference

    assert prove_window(lambda _: reference, reference) == WINDOWS[0]
    assert prove_window(measure, reference) == WINDOWS[1]
    assert prove_window(lambda _: {"wer": 3.0}, reference) == SAFE_WINDOW
