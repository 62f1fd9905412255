"""One export's record: lease, status and result in one, so that no two of them can disagree."""

import hashlib
import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from carabin.registry.store import ObjectInfo
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

State = Literal["running", "done", "failed", "cancelled", "interrupted"]

SCHEMA_VERSION: Final = 1


class ExportRecord(BaseModel):
    """Lease, status and result of exporting one checkpoint under one name."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = Field(default=SCHEMA_VERSION, le=SCHEMA_VERSION)
    id: str
    name: str
    checkpoint: str = Field(description="`run@step`, or the folder it came from")
    created_at: AwareDatetime = Field(description="when it was first asked for")
    wanted: tuple[str, ...] = Field(description="forms asked for, by quantization")
    dates: dict[str, AwareDatetime] = Field(
        default_factory=dict,
        description="when each form was first asked for, by quantization; releases before this field dated all of them"
        " `created_at`",
    )
    versions: dict[str, str] = Field(default_factory=dict, description="version by quantization, once visible")
    state: State = "running"
    stage: str = ""
    reason: str = ""
    owner: str = ""
    expires_at: AwareDatetime = Field(
        description="by the clock of the owner: for people, and for releases before `lease_s`"
    )
    lease_s: float | None = Field(default=None, description="how long the lease runs after the write of this record")
    attempts: int = Field(default=1, description="that count against its checkpoint, the one under way included")
    cancel_requested: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The forms that were asked for and are not published yet."""
        return tuple(form for form in self.wanted if form not in self.versions)

    def date_of(self, form: str) -> datetime:
        """Return the date of the form's version: whoever makes the form for this request makes the same version."""
        return self.dates.get(form, self.created_at)


@dataclass(frozen=True, slots=True)
class Held:
    """A record as read."""

    record: ExportRecord
    info: ObjectInfo
    """What the store says of the record's object; a change must name its etag."""

    @property
    def leased(self) -> bool:
        """Whether somebody's lease on it runs, by the clock of the store, which dates the record, and by no other."""
        if self.record.state != "running":
            return False
        if self.record.lease_s is not None:
            return self.info.age < timedelta(seconds=self.record.lease_s)
        return self.record.expires_at > self.info.asked


def export_id(name: str, identity: str) -> str:
    """Return the id of exporting the checkpoint `identity` as `name`: 16 hex digits."""
    return hashlib.sha256(f"{name}\n{identity}".encode()).hexdigest()[:16]


def owner_name() -> str:
    """Return a name for leases: host and process for people, and a part of its own for every start."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
