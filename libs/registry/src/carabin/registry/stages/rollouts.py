"""The state of a rollout: one object per model, held by one process at a time and changed by compare-and-set alone.

What a rollout did stands in the two logs, as everything that changes what serves; this object is what the next process
needs to go on where one was killed. Its age by the store's clock says whether its holder still lives.
"""

import uuid
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ..artifacts.records import StoredRecord
from ..errors import ObjectMissing, PreconditionFailed, PromotionRefused, RolloutTaken
from ..layout import rollout_key
from ..store import ObjectInfo, ObjectStore

Outcome = Literal["running", "arrived", "ended", "abandoned"]


class FigureEvidence(BaseModel):
    """What was counted of one figure since the rollout began, and how much it speaks against the canary."""

    model_config = ConfigDict(frozen=True)

    canary_finals: int = 0
    canary_bad: int = 0
    production_finals: int = 0
    production_bad: int = 0
    log_e: float = Field(default=0.0, description="natural logarithm of the e-value")


class RolloutPlan(BaseModel):
    """What was asked for; the process that goes on with a rollout keeps to it."""

    model_config = ConfigDict(frozen=True)

    version: str
    production: str = Field(description="the version that is replaced")
    steps: tuple[float, ...] = Field(min_length=1, description="shares of new sessions; 0 a shadow, 1 production")
    hold_s: float = Field(ge=0, description="seconds of each step")
    min_finals: int = Field(ge=1, description="the version's finals in each step")
    error_rate: float = Field(gt=0, lt=1, description="probability of ending a version that keeps every budget")
    budgets: dict[str, float]
    force: bool = False
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    started_at: AwareDatetime


class RolloutRecord(StoredRecord):
    """One rollout, as it stands."""

    plan: RolloutPlan
    holder: str = Field(default="", description="the process that carries it on; empty where one let it go")
    lease_s: float = Field(gt=0, description="unchanged for so long, its holder is taken for dead")
    step: int = Field(default=0, ge=0, description="of the plan's steps, from 0")
    staged: bool = Field(default=False, description="the step's stage was set")
    held_s: float = Field(default=0.0, description="seconds of this step in which figures came")
    step_finals: int = 0
    slow_s: float | None = Field(default=None, description="finals later than this count as slow")
    unsure: float | None = Field(default=None, description="finals of less confidence count as unsure")
    totals: dict[str, dict[str, tuple[int, int]]] = Field(
        default_factory=dict, description="finals and bad ones by pod and version, then figure, as last read"
    )
    evidence: dict[str, FigureEvidence] = Field(default_factory=dict)
    outcome: Outcome = "running"
    ending: Literal["ended", "abandoned"] | None = Field(default=None, description="decided, and not done yet")
    explanation: str = Field(default="", description="why it ends or ended")


@dataclass(frozen=True, slots=True)
class StoredRollout:
    """A record, and the object that it was read from."""

    record: RolloutRecord
    info: ObjectInfo

    @property
    def wait_s(self) -> float:
        """Seconds until its holder is taken for dead, 0 where the rollout is over or nobody carries it on."""
        if self.record.outcome != "running" or not self.record.holder:
            return 0.0
        return max(0.0, self.record.lease_s - self.info.age.total_seconds())


def read_rollout(store: ObjectStore, bucket: str, name: str) -> StoredRollout | None:
    """Return a model's newest rollout, or None where there was none.

    Raises:
        ManifestInvalid: it cannot be read.
    """
    key = rollout_key(name)
    try:
        # The etag first: if the object changes in between, our next write loses, as it must.
        info = store.stat(bucket, key)
        data = store.get(bucket, key)
    except ObjectMissing:
        return None
    return StoredRollout(RolloutRecord.from_bytes(data, store.where(bucket, key)), info)


class RolloutLease:
    """Writes the state of one rollout for as long as it is ours.

    Args:
        found: what was read before: it is replaced, if nobody else did so first; None where there was nothing.
        record: what is written; its holder becomes this lease.

    Raises:
        RolloutTaken: another process was first.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        name: str,
        found: StoredRollout | None,
        record: RolloutRecord,
    ) -> None:
        self._store, self._bucket, self._name, self._key = store, bucket, name, rollout_key(name)
        self._holder = uuid.uuid4().hex
        self.record = record.model_copy(update={"holder": self._holder})
        try:
            if found is None:
                store.create(bucket, self._key, self.record.to_bytes())
            else:
                store.replace(bucket, self._key, self.record.to_bytes(), found.info.etag)
        except PreconditionFailed as error:
            raise RolloutTaken(f"{name}: another process began a rollout at the same moment") from error

    def write(self, record: RolloutRecord) -> RolloutRecord:
        """Write the state, and with it that we live.

        Raises:
            RolloutTaken: another process carries it on.
            StoreError: it was not written; the next write may be.
        """
        stored = read_rollout(self._store, self._bucket, self._name)
        if stored is None or stored.record.holder != self._holder:
            raise RolloutTaken(f"{self._name}: another process carries the rollout on; this one changes nothing more")
        try:
            self._store.replace(self._bucket, self._key, record.to_bytes(), stored.info.etag)
        except PreconditionFailed as error:
            raise RolloutTaken(f"{self._name}: another process carries the rollout on") from error
        self.record = record
        return record

    def let_go(self) -> None:
        """Leave the rollout to the next process, at once."""
        self.write(self.record.model_copy(update={"holder": ""}))


def require_free(name: str, stored: StoredRollout | None, version: str, canary: str | None) -> None:
    """Check that nobody else's rollout is in the way of one of `version`.

    Args:
        canary: the version that is on trial now.

    Raises:
        RolloutTaken: its holder lives.
        PromotionRefused: another version's was cut off, and its canary goes on.
    """
    if stored is None or stored.record.outcome != "running":
        return
    plan = stored.record.plan
    if stored.wait_s > 0:
        raise RolloutTaken(
            f"{name}: a rollout of {plan.version} by {plan.by} is under way; were its process killed, it could be gone"
            f" on with in {stored.wait_s:.0f} s"
        )
    if plan.version != version and canary == plan.version:
        raise PromotionRefused(
            f"{name}: a rollout of {plan.version} was cut off at step {stored.record.step + 1}: run it again, or end it"
            f" with `carabin models stage {plan.version} candidate`"
        )
