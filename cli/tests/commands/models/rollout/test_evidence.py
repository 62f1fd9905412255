"""What a look adds to the state."""

from carabin.cli.commands.models.rollout.e_values import FinalCounts
from carabin.cli.commands.models.rollout.evidence import add_look, with_baseline
from carabin.cli.commands.models.rollout.figures import BUDGETS, SHADOW_FIGURE, Totals
from carabin.registry.stages.rollouts import RolloutPlan, RolloutRecord

from .conftest import NOW


def record(*steps: float) -> RolloutRecord:
    plan = RolloutPlan(
        version="new", production="old", steps=steps, hold_s=1, min_finals=1, error_rate=0.05, budgets=dict(BUDGETS),
        by="dr-a", reason="r", started_at=NOW,
    )  # fmt: skip
    return RolloutRecord(plan=plan, lease_s=60)


def every_figure(finals: int, bad: int) -> Totals:
    return {figure: FinalCounts(finals, bad) for figure in BUDGETS}


def test_looks_count_from_the_baseline_and_over_all_pods() -> None:
    state = with_baseline(record(0.1, 1.0), {("a", "old"): every_figure(900, 30), ("a", "new"): every_figure(5, 5)})
    state = add_look(
        state,
        {
            ("a", "old"): every_figure(950, 32),
            ("a", "new"): every_figure(9, 7),
            ("b", "old"): every_figure(50, 1),
            ("b", "new"): every_figure(1, 1),
        },
    )
    slow = state.evidence["slow"]
    assert (slow.production_finals, slow.production_bad) == (100, 3)
    assert (slow.canary_finals, slow.canary_bad) == (5, 3)
    assert state.step_finals == 5


def test_finals_of_one_version_wait_for_those_of_the_other() -> None:
    state = add_look(record(0.1, 1.0), {("a", "old"): every_figure(10, 1)})
    assert state.evidence == {}
    state = add_look(state, {("a", "old"): every_figure(30, 2), ("a", "new"): every_figure(2, 2)})
    assert state.evidence["empty"].production_finals == 30, "those of both looks"
    assert state.step_finals == 2


def test_evidence_grows_with_each_look() -> None:
    state, logs = record(0.1, 1.0), []
    for i in range(1, 6):
        state = add_look(state, {("a", "old"): every_figure(20 * i, i), ("a", "new"): every_figure(3 * i, 3 * i)})
        logs.append(state.evidence["empty"].log_e)
    assert logs == sorted(logs)
    assert logs[0] == 0 < logs[1] < logs[-1]


def test_a_shadow_step_counts_its_difference_alone_and_a_canary_step_all_but_it() -> None:
    look = {("a", "old"): every_figure(20, 1), ("a", "new"): every_figure(10, 9)}
    assert set(add_look(record(0.0, 1.0), look).evidence) == {SHADOW_FIGURE}
    assert set(add_look(record(0.1, 1.0), look).evidence) == set(BUDGETS) - {SHADOW_FIGURE}


def test_the_state_survives_being_stored() -> None:
    state = add_look(record(0.1, 1.0), {("a b", "old"): every_figure(10, 1), ("a b", "new"): every_figure(4, 1)})
    read = RolloutRecord.from_bytes(state.to_bytes(), "here")
    again = {("a b", "old"): every_figure(11, 1), ("a b", "new"): every_figure(5, 1)}
    assert read == state
    assert add_look(read, again).evidence["slow"].canary_finals == 5
