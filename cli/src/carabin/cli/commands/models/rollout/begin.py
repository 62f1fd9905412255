"""Who carries a rollout on: a new one, or the one of a process that was killed."""

from collections.abc import Callable
from typing import Final

from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.errors import PromotionRefused, Regression, RolloutTaken
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.regressions import compare, describe_regressions
from carabin.registry.stages.rollouts import (
    RolloutLease,
    RolloutPlan,
    RolloutRecord,
    StoredRollout,
    read_rollout,
    require_free,
)

from ..context import Context
from .progress import SHADOW_STEP, describe_step
from .surroundings import Surroundings

STORE_CLOCK_S: Final = 2.0
"""Ages are whole seconds of the store's clock: a lease has surely run out so much later."""


def begin_or_go_on(
    context: Context,
    version: str,
    plan: Callable[[], RolloutPlan],
    lease_s: float,
    around: Surroundings,
    *,
    again: bool = False,
) -> RolloutLease | None:
    """Begin a rollout, or go on with that of a process which was killed; None where we are to stop meanwhile.

    Args:
        plan: makes the plan of a new one, and refuses what cannot be.
        lease_s: without a look for so long, others may go on with it.
        again: begin also where the last rollout of this version was ended for its figures.

    Raises:
        RolloutTaken: another process carries a rollout on.
        PromotionRefused: another version is on trial, or this one cannot be.
    """
    parts = context.store, context.bucket, context.name
    found = read_rollout(*parts)
    running = found is not None and found.record.outcome == "running" and found.record.plan.version == version
    if found is not None and running:
        if found.wait_s > 0:
            around.report(
                f"another process looked {found.info.age.total_seconds():.0f} s ago; waits {found.wait_s:.0f} s"
            )
            if around.wait(found.wait_s + STORE_CLOCK_S):
                return None
            _require_unchanged(context, found)
            found = read_rollout(*parts) or found
        steps = ", ".join(map(describe_step, found.record.plan.steps))
        around.report(f"goes on with step {found.record.step + 1} of {steps}, as it was begun")
        return RolloutLease(*parts, found, found.record.model_copy(update={"lease_s": lease_s}))
    if found is not None and found.record.outcome == "ended" and found.record.plan.version == version and not again:
        raise PromotionRefused(
            f"{context.name}: {version} was ended before; `--again` tries once more: {found.record.explanation}"
        )
    decision = read_decision(*parts)
    canary = decision.canary.version if decision.canary else None
    require_free(context.name, found, version, canary)
    new = plan()
    others = [("canary", canary)] + ([("shadow", decision.shadow)] if SHADOW_STEP in new.steps else [])
    for stage, other in others:
        if other not in (None, version):
            raise PromotionRefused(
                f"{context.name}: {other} is {stage}: end that with `carabin models stage {other} candidate` first"
            )
    return RolloutLease(*parts, found, RolloutRecord(plan=new, lease_s=lease_s))


def _require_unchanged(context: Context, found: StoredRollout) -> None:
    now = read_rollout(context.store, context.bucket, context.name)
    if now is None or now.wait_s > 0:
        raise RolloutTaken(
            f"{context.name}: a rollout of {found.record.plan.version} by {found.record.plan.by} is under way"
        )


def production_to_replace(context: Context, version: str, *, force: bool) -> str:
    """Return the version in production, which `version` may replace.

    Raises:
        PromotionRefused: there is none, or it is `version`.
        Regression: the version's evaluation is worse.
    """
    production = read_decision(context.store, context.bucket, context.name).version
    if production is None:
        raise PromotionRefused(f"{context.name}: nothing is in production yet to hold {version} against: promote it")
    if production == version:
        raise PromotionRefused(f"{context.name}: {version} is in production already")
    old, new = (read_manifest(context.store, context.bucket, context.name, each) for each in (production, version))
    regressions = describe_regressions(compare(old.metrics, new.metrics))
    if regressions and not force:
        raise Regression(
            f"{context.name}: {version} is worse than {production}, which is in production: {regressions}; roll it out"
            " with --force and a reason that says why"
        )
    return production
