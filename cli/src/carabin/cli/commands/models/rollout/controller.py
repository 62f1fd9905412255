"""Moves a version by steps into production while its figures are watched, and ends it at the first breach.

Whatever is decided is written into the rollout's state before it is done, so that the process after one that was killed
does it again rather than not at all.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from carabin.registry.errors import (
    ManifestInvalid,
    PromotionRefused,
    RegistryError,
    StalePromotion,
    StoreError,
)
from carabin.registry.stages.apply import repair
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.follow import DecisionReader
from carabin.registry.stages.log import Stage
from carabin.registry.stages.promote import REFUSALS, promote
from carabin.registry.stages.rollouts import Outcome, RolloutLease, RolloutRecord

from ..context import Context
from . import progress
from .evidence import ByPod, add_look, with_baseline
from .figures import Bounds, SeriesSample, draw_bounds, totals_by_pod
from .progress import PRODUCTION_STEP, SHADOW_STEP
from .source import FiguresUnavailable
from .surroundings import Surroundings

Ending = Literal["ended", "abandoned"]


class Rollout:
    """Carries one rollout on until it is over or the process is to stop.

    Args:
        lease: the state, which is ours.
        every_s: seconds between two looks.
    """

    def __init__(self, context: Context, lease: RolloutLease, surroundings: Surroundings, every_s: float) -> None:
        self._context, self._lease, self._around, self._every_s = context, lease, surroundings, every_s
        self._decisions = DecisionReader(context.store, context.bucket, context.name, every_s)
        self._looked_at: float | None = None

    @property
    def record(self) -> RolloutRecord:
        """The state as last written."""
        return self._lease.record

    def run(self) -> RolloutRecord:
        """Look again and again until the rollout is over; return its state, which is still `running` if interrupted.

        Whatever fails holds the step: a process that ended would leave the canary its share, and nobody would look.

        Raises:
            RolloutTaken: another process carries it on.
            PromotionRefused: a step the store's state; the canary was ended.
        """
        while self.record.outcome == "running":
            try:
                self._look()
            except PromotionRefused:
                raise
            except RegistryError as error:
                self._hold(str(error))
            self._around.looked(self.record)
            if self.record.outcome == "running" and self._around.wait(self._every_s):
                self._lease.let_go()
                break
        return self.record

    def _look(self) -> None:
        record = self.record
        decision = self._decisions.read(scan=not record.staged)
        if decision.pending == record.plan.version:
            repair(self._context.store, self._context.bucket, self._context.name)
            decision = self._decisions.read(scan=True)
        if decision.version == record.plan.version:
            self._finish("arrived", "the version is in production")
        elif record.ending:
            self._end(record.ending, record.explanation)
        elif decision.version != record.plan.production:
            changed = f"production is {decision.version} and no longer {record.plan.production}"
            self._end("abandoned", f"rollout ended: {changed}")
        elif record.staged and not progress.is_staged(record, decision):
            self._finish("abandoned", f"the stage of {record.plan.version} was changed by somebody else; it stays so")
        else:
            self._read_figures()

    def _read_figures(self) -> None:
        record, plan = self.record, self.record.plan
        try:
            samples = self._around.source((plan.production, plan.version))
        except FiguresUnavailable as error:
            self._hold(str(error))
            return
        bounds = self._bounds(samples)
        if bounds is None:
            self._hold(f"production wrote fewer than {plan.min_finals} finals since its pods started")
            return
        by_pod = totals_by_pod(samples, (plan.production, plan.version), bounds)
        if not record.staged:
            self._begin_step(record, bounds, by_pod)
        elif not any(version == plan.production for _, version in by_pod):
            self._hold(f"no figures of {plan.production}, which is in production: is every pod scraped?")
        else:
            self._judge(add_look(self._with_time(record), by_pod))

    def _judge(self, record: RolloutRecord) -> None:
        figure = progress.breach(record)
        if figure is not None:
            self._lease.write(record)
            self._end("ended", progress.describe_breach(record, figure))
            return
        self._around.report(progress.describe_look(record))
        plan = record.plan
        # A step with a figure over its budget goes on until that is either chance or a breach.
        enough = record.held_s >= plan.hold_s and record.step_finals >= plan.min_finals
        if enough and not progress.over_budget(record):
            record = record.model_copy(
                update={"step": record.step + 1, "staged": False, "held_s": 0.0, "step_finals": 0}
            )
        self._lease.write(record)
        if not record.staged:
            self._begin_step(record, None, {})

    def _begin_step(self, record: RolloutRecord, bounds: Bounds | None, by_pod: ByPod) -> None:
        if bounds is not None:
            drawn = {"slow_s": bounds.slow_s, "unsure": bounds.unsure}
            record = with_baseline(record.model_copy(update=drawn), by_pod)
        plan, share = record.plan, record.plan.steps[record.step]
        if share == PRODUCTION_STEP:
            self._promote()
            return
        self._lease.write(record)
        where = f"step {record.step + 1} of {len(plan.steps)}, {progress.describe_step(share)}"
        figures = progress.describe_figures(record)
        reason = f"{plan.reason} (rollout, {where}{f'; so far: {figures}' if figures else ''})"
        self._set_stage("shadow" if share == SHADOW_STEP else "canary", reason)
        self._looked_at = self._around.now()
        self._lease.write(record.model_copy(update={"staged": True}))
        self._around.report(f"{where}: begun")

    def _promote(self) -> None:
        plan, context = self.record.plan, self._context
        reason = f"{plan.reason} (rollout: {progress.describe_figures(self.record)})"
        try:
            promote(
                context.store, context.bucket, context.name, plan.version,
                by=plan.by, reason=reason, at=datetime.now(UTC), expect=plan.production, force=plan.force,
            )  # fmt: skip
        except StalePromotion:
            return  # the next look says what is in production now
        except REFUSALS as error:
            self._end("abandoned", f"rollout ended: production refused the version: {error}")
            return
        self._finish("arrived", "every step kept its budgets")

    def _end(self, ending: Ending, explanation: str) -> None:
        """End the trial of the version; production is not touched."""
        self._lease.write(self.record.model_copy(update={"ending": ending, "explanation": explanation}))
        if progress.is_on_trial(self.record, self._decisions.read(scan=True)):
            self._set_stage("candidate", explanation)
        self._finish(ending, explanation)

    def _finish(self, outcome: Outcome, explanation: str) -> None:
        self._lease.write(self.record.model_copy(update={"outcome": outcome, "explanation": explanation}))

    def _hold(self, why: str) -> None:
        """Say why this look does not count, and stay the holder if the store lets us."""
        self._around.report(f"holds: {why}")
        self._looked_at = None
        with suppress(StoreError, ManifestInvalid):
            self._lease.write(self.record)

    def _set_stage(self, stage: Stage, reason: str) -> None:
        plan, context = self.record.plan, self._context
        share = plan.steps[self.record.step] if stage == "canary" else None
        set_stage(
            context.store, context.bucket, context.name, plan.version, stage,
            share=share, by=plan.by, reason=reason, at=datetime.now(UTC),
        )  # fmt: skip

    def _bounds(self, samples: list[SeriesSample]) -> Bounds | None:
        record = self.record
        if record.slow_s is not None and record.unsure is not None:
            return Bounds(record.slow_s, record.unsure)
        return draw_bounds(samples, record.plan.production, record.plan.min_finals)

    def _with_time(self, record: RolloutRecord) -> RolloutRecord:
        """Count the time since the look before; of a longer one, in which nobody looked, only two looks' worth."""
        now = self._around.now()
        passed_s = 0.0 if self._looked_at is None else min(now - self._looked_at, 2 * self._every_s)
        self._looked_at = now
        return record.model_copy(update={"held_s": record.held_s + passed_s})
