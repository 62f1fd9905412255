"""One export's record: lease, status and result in one, so that no two of them can disagree."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

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
    created_at: AwareDatetime = Field(description="of every version: a double export is one")
    wanted: tuple[str, ...] = Field(description="forms asked for, by quantization")
    versions: dict[str, str] = Field(default_factory=dict, description="version by quantization, once visible")
    state: State = "running"
    stage: str = ""
    reason: str = ""
    owner: str = ""
    expires_at: AwareDatetime
    attempts: int = 1
    cancel_requested: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The forms that were asked for and are not published yet."""
        return tuple(form for form in self.wanted if form not in self.versions)


@dataclass(frozen=True, slots=True)
class Held:
    """A record as read, with the etag that a change must name."""

    record: ExportRecord
    etag: str


def export_id(name: str, identity: str) -> str:
    """Return the id of exporting the checkpoint `identity` as `name`: 16 hex digits."""
    return hashlib.sha256(f"{name}\n{identity}".encode()).hexdigest()[:16]
