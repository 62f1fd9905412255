"""What a look adds to a rollout's evidence: pure, from the state before and each pod's counts to the state after."""

from collections.abc import Mapping
from typing import Final

from carabin.registry.stages.rollouts import FigureEvidence, RolloutRecord

from .e_values import FinalCounts, log_e_value, log_e_value_of_one
from .figures import SHADOW_FIGURE, Totals, since
from .progress import SHADOW_STEP

ByPod = Mapping[tuple[str, str], Totals]
"""FinalCounts since each pod's start, by pod and version."""

_SEPARATOR: Final = " "
"""Between pod and version in the stored state; neither holds one."""


def add_look(record: RolloutRecord, by_pod: ByPod) -> RolloutRecord:
    """Return the state with the counts since the look before.

    Of a figure of which one version has no new final, the look before stays the one that counts.
    """
    plan = record.plan
    shadow_step = plan.steps[record.step] == SHADOW_STEP
    before = _stored_totals(record)
    totals = dict(record.totals)
    evidence = dict(record.evidence)
    new_finals = 0
    for figure, budget in plan.budgets.items():
        canary = _sum_since(by_pod, before, plan.version, figure)
        production = _sum_since(by_pod, before, plan.production, figure)
        if shadow_step != (figure == SHADOW_FIGURE):
            totals = _with(totals, by_pod, figure)
            continue
        if not canary.finals or not (production.finals or shadow_step):
            continue
        evidence[figure] = _add(record.evidence.get(figure, FigureEvidence()), canary, production, budget, shadow_step)
        totals = _with(totals, by_pod, figure)
        new_finals = max(new_finals, canary.finals)
    return record.model_copy(
        update={"totals": totals, "evidence": evidence, "step_finals": record.step_finals + new_finals}
    )


def with_baseline(record: RolloutRecord, by_pod: ByPod) -> RolloutRecord:
    """Return the state whose next look counts from here."""
    totals: dict[str, dict[str, tuple[int, int]]] = {}
    for figure in record.plan.budgets:
        totals = _with(totals, by_pod, figure)
    return record.model_copy(update={"totals": totals})


def _add(
    known: FigureEvidence, canary: FinalCounts, production: FinalCounts, budget: float, shadow_step: bool
) -> FigureEvidence:
    canary_before = FinalCounts(known.canary_finals, known.canary_bad)
    production_before = FinalCounts(known.production_finals, known.production_bad)
    if shadow_step:
        log_e = log_e_value_of_one(canary, canary_before, budget)
    else:
        log_e = log_e_value(canary, production, canary_before, production_before, budget)
    return FigureEvidence(
        canary_finals=canary_before.finals + canary.finals,
        canary_bad=canary_before.bad + canary.bad,
        production_finals=production_before.finals + production.finals,
        production_bad=production_before.bad + production.bad,
        log_e=known.log_e + log_e,
    )


def _sum_since(by_pod: ByPod, before: Mapping[tuple[str, str], Totals], version: str, figure: str) -> FinalCounts:
    total = FinalCounts()
    for (pod, each), now in by_pod.items():
        if each == version and figure in now:
            total += since(now[figure], before.get((pod, each), {}).get(figure))
    return total


def _stored_totals(record: RolloutRecord) -> dict[tuple[str, str], Totals]:
    stored: dict[tuple[str, str], Totals] = {}
    for key, totals in record.totals.items():
        pod, _, version = key.rpartition(_SEPARATOR)
        stored[pod, version] = {figure: FinalCounts(finals, bad) for figure, (finals, bad) in totals.items()}
    return stored


def _with(
    totals: Mapping[str, Mapping[str, tuple[int, int]]], by_pod: ByPod, figure: str
) -> dict[str, dict[str, tuple[int, int]]]:
    """Return `totals` with one figure of every pod as it is now; pods that are gone stay, should they come back."""
    changed = {key: dict(each) for key, each in totals.items()}
    for (pod, version), now in by_pod.items():
        if figure in now:
            changed.setdefault(f"{pod}{_SEPARATOR}{version}", {})[figure] = (now[figure].finals, now[figure].bad)
    return changed
