"""What is decided and said of a rollout."""

import pytest
from carabin.cli.commands.models.rollout.progress import (
    breach,
    describe_breach,
    describe_figures,
    describe_look,
    over_budget,
    threshold,
)
from carabin.registry.stages.rollouts import FigureEvidence, RolloutRecord

from .test_evidence import record


def with_evidence(**log_e: float) -> RolloutRecord:
    evidence = {
        figure: FigureEvidence(canary_finals=40, canary_bad=25, production_finals=700, production_bad=63, log_e=value)
        for figure, value in log_e.items()
    }
    return record(0.05, 0.25, 1.0).model_copy(update={"evidence": evidence, "step_finals": 40, "held_s": 90.0})


def test_a_look_is_one_line_with_the_figure_that_speaks_most_against_the_version() -> None:
    line = describe_look(with_evidence(slow=2.5, empty=0.1).model_copy(update={"held_s": 0.0}))
    assert line.startswith("step 1 of 3, 5%: 0 of 1 s, 40 of 1 finals; slow 62.5% of 40 against production's 9% of")
    assert line.endswith("budget +10%; evidence 51%")
    assert describe_look(record(0.05, 1.0)) == "step 1 of 2, 5%: 0 of 1 s, 0 of 1 finals"


def test_what_is_over_its_budget_as_counted_is_named() -> None:
    state = with_evidence(slow=0.5, empty=0.0)
    assert over_budget(state) == ["slow", "empty"]
    assert "; goes on because of slow, empty; slow " in describe_look(state)
    fine = FigureEvidence(canary_finals=100, canary_bad=12, production_finals=1000, production_bad=90)
    assert over_budget(state.model_copy(update={"evidence": {"empty": fine}})) == []
    assert over_budget(state.model_copy(update={"evidence": {"slow": FigureEvidence()}})) == []


def test_the_error_rate_is_shared_out_among_the_figures() -> None:
    limit = threshold(with_evidence())
    assert limit == pytest.approx(4.942, abs=0.001), "ln(7 / 0.05)"
    assert breach(with_evidence(slow=limit - 0.01, empty=1)) is None
    assert breach(with_evidence(slow=limit + 0.01, empty=1)) == "slow"
    assert breach(with_evidence()) is None


def test_the_reason_names_figures_budget_and_error_rate() -> None:
    said = describe_breach(with_evidence(slow=9.0, empty=0.0), "slow")
    assert said.startswith("rollout ended at step 1, 5%: slow 62.5% of 40 against production's 9% of 700, budget +10%")
    assert "at an error rate of 0.05 for the whole rollout. Also: empty" in said
    assert describe_figures(with_evidence()) == ""
