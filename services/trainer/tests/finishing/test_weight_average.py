"""Tests of how much of what was learnt is kept."""

from carabin.trainer.finishing.weight_average import AveragedWeights, choose

STOCK = {"wer": 0.6, "general_wer": 0.10}
GREEDY = AveragedWeights(1.0, {"wer": 0.20, "general_wer": 0.14})
MODERATE = AveragedWeights(0.8, {"wer": 0.25, "general_wer": 0.109})
TIMID = AveragedWeights(0.5, {"wer": 0.40, "general_wer": 0.10})


def test_the_fewest_medical_errors_within_the_budget_win() -> None:
    choice = choose([GREEDY, MODERATE, TIMID], STOCK, budget=0.01)
    assert (choice.candidate, choice.within_budget) == (MODERATE, True)
    assert choose([GREEDY, MODERATE, TIMID], STOCK, budget=0.05).candidate == GREEDY


def test_where_none_keeps_within_the_budget_the_least_harm_wins_and_it_is_said() -> None:
    choice = choose([GREEDY, MODERATE], STOCK, budget=0.001)
    assert (choice.candidate, choice.within_budget) == (MODERATE, False)


def test_without_a_general_set_medical_errors_decide() -> None:
    choice = choose([AveragedWeights(1.0, {"wer": 0.2}), AveragedWeights(0.5, {"wer": 0.3})], {}, budget=0.01)
    assert (choice.candidate.weight, choice.within_budget) == (1.0, True)
