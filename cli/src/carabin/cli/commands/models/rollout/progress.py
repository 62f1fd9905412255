"""What a look found, as decisions and in sentences."""

import math
from typing import Final

from carabin.registry.stages.resolve import Decision
from carabin.registry.stages.rollouts import FigureEvidence, RolloutRecord

from .figures import SHADOW_FIGURE

SHADOW_STEP: Final = 0.0
PRODUCTION_STEP: Final = 1.0


def is_on_trial(record: RolloutRecord, decision: Decision) -> bool:
    """Say whether the version is tried, whatever its share."""
    version = record.plan.version
    return decision.shadow == version or (decision.canary is not None and decision.canary.version == version)


def is_staged(record: RolloutRecord, decision: Decision) -> bool:
    """Say whether the version has the stage and the share of this step."""
    version, share, canary = record.plan.version, record.plan.steps[record.step], decision.canary
    if share == SHADOW_STEP:
        return decision.shadow == version
    return canary is not None and canary.version == version and math.isclose(canary.share, share, rel_tol=1e-4)


def threshold(record: RolloutRecord) -> float:
    """Return which `log_e` of any figure ends the rollout: the error rate is shared out among all figures."""
    return math.log(len(record.plan.budgets) / record.plan.error_rate)


def breach(record: RolloutRecord) -> str | None:
    """Return the figure that speaks most clearly against the canary, if it does so beyond the stated error rate."""
    figure = strongest(record)
    return figure if figure and record.evidence[figure].log_e >= threshold(record) else None


def strongest(record: RolloutRecord) -> str | None:
    """Return the figure that speaks most against the canary, None before the first figures."""
    return max(record.evidence, key=lambda figure: record.evidence[figure].log_e, default=None)


def over_budget(record: RolloutRecord) -> list[str]:
    """Return the figures that are over their budgets as counted, whether or not that can be chance."""

    def excess(figure: str, evidence: FigureEvidence) -> float:
        canary = evidence.canary_bad / max(1, evidence.canary_finals)
        production = evidence.production_bad / max(1, evidence.production_finals)
        return canary - (0.0 if figure == SHADOW_FIGURE else production) - record.plan.budgets[figure]

    return [figure for figure, evidence in record.evidence.items() if excess(figure, evidence) > 0]


def describe_step(share: float) -> str:
    """Name a step as `--steps` does."""
    return "shadow" if share == SHADOW_STEP else f"{100 * share:.4g}%"


def describe_figure(record: RolloutRecord, figure: str) -> str:
    """Return one figure of both versions beside its budget."""
    evidence, budget = record.evidence[figure], record.plan.budgets[figure]
    canary = _share(evidence.canary_bad, evidence.canary_finals)
    if figure == SHADOW_FIGURE:
        return f"{figure} {canary}, budget {100 * budget:.3g}%"
    production = _share(evidence.production_bad, evidence.production_finals)
    return f"{figure} {canary} against production's {production}, budget +{100 * budget:.3g}%"


def describe_look(record: RolloutRecord) -> str:
    """Return where the rollout stands, in one line."""
    plan = record.plan
    where = f"step {record.step + 1} of {len(plan.steps)}, {describe_step(plan.steps[record.step])}"
    line = f"{where}: {record.held_s:.0f} of {plan.hold_s:.0f} s, {record.step_finals} of {plan.min_finals} finals"
    over = over_budget(record)
    if over and record.held_s >= plan.hold_s:
        line += f"; goes on because of {', '.join(over)}"
    figure = strongest(record)
    if figure is None or record.evidence[figure].canary_finals == 0:
        return line
    return f"{line}; {describe_figure(record, figure)}; evidence {max(0.0, evidence_share(record, figure)):.0%}"


def describe_breach(record: RolloutRecord, figure: str) -> str:
    """Return why a rollout ends, with the figures, for the log of stages."""
    rest = describe_figures(record, without=figure)
    return (
        f"rollout ended at step {record.step + 1}, {describe_step(record.plan.steps[record.step])}:"
        f" {describe_figure(record, figure)}, at an error rate of {record.plan.error_rate:.3g} for the whole rollout"
        + (f". Also: {rest}" if rest else "")
    )


def describe_figures(record: RolloutRecord, without: str = "") -> str:
    """Return every figure of which the version has finals, but for one; empty where there is none."""
    known = [each for each in record.evidence if each != without and record.evidence[each].canary_finals]
    return "; ".join(describe_figure(record, each) for each in known)


def evidence_share(record: RolloutRecord, figure: str) -> float:
    """Return how much of what ends the rollout a figure has reached; below 0 it speaks for the version."""
    return record.evidence[figure].log_e / threshold(record)


def _share(bad: int, finals: int) -> str:
    return f"{100 * bad / finals:.3g}% of {finals}" if finals else "without finals"
