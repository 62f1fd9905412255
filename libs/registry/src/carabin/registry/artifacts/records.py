"""What every JSON document of ours has in common: a schema version, a file list, a name that comes from both."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)

from ..errors import ManifestInvalid, UnsafePath
from ..layout import safe_file

SCHEMA_VERSION = 1
"""Raised when an older release could misread a document; fields that it may ignore are added without raising it."""


def _safe(path: str) -> str:
    try:
        return safe_file(path)
    except UnsafePath as error:
        raise ValueError(str(error)) from error


SafePath = Annotated[str, AfterValidator(_safe)]
"""A relative path, '/' between its steps, that cannot leave its folder."""


def _numbers_only(values: Any, info: ValidationInfo) -> Any:
    """Drop what is no number from a stored document, refuse it in one that is to be written.

    A NaN is written as `null`, which no reader takes for a number: one such value made a whole document unreadable.
    """
    if not isinstance(values, Mapping):
        return values
    unfit = [
        name for name, value in values.items() if value is None or (isinstance(value, float) and not isfinite(value))
    ]
    if unfit and info.mode != "json":
        raise ValueError(f"{', '.join(f'{name} is {values[name]}' for name in unfit)}: a metric is a finite number")
    return {name: value for name, value in values.items() if name not in unfit}


def _drop_unfit(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None and isfinite(value)}


Metrics = Annotated[dict[str, float], BeforeValidator(_numbers_only)]
"""Figures by name, finite ones only."""
ProgressMetrics = Annotated[dict[str, float], BeforeValidator(_drop_unfit)]
"""The same of a run under way, whose record must not fail for a figure: what is no number is left out."""


class StoredRecord(BaseModel):
    """A JSON document with a schema version; unknown fields of the same schema are tolerated."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = Field(default=SCHEMA_VERSION, le=SCHEMA_VERSION)

    def to_bytes(self) -> bytes:
        """Return the record as UTF-8 JSON."""
        return self.model_dump_json(indent=2).encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Self:
        """Read a record found at `where`.

        Raises:
            ManifestInvalid: not JSON, a field is missing or wrong, or the schema is newer than this release.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(step) for step in first["loc"]) or "document"
            if field == "schema_version" and first["type"] == "less_than_equal":
                raise ManifestInvalid(
                    f"{where}: schema_version: {first['input']} is newer than this release of Carabin reads"
                    f" (up to {SCHEMA_VERSION}); update it"
                ) from error
            raise ManifestInvalid(f"{where}: {field}: {first['msg']}") from error


class FileEntry(BaseModel):
    """One file of a dataset, a checkpoint or a model version."""

    model_config = ConfigDict(frozen=True)

    path: SafePath
    size: int = Field(ge=0, description="bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(StoredRecord):
    """A record whose existence makes its files visible."""

    created_at: AwareDatetime
    files: tuple[FileEntry, ...] = Field(min_length=1)
    source: dict[str, str] = Field(default_factory=dict, description="what it was made from, by name")

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the file list, 64 hex digits: the same bytes under the same names have the same one."""
        return fingerprint(self.files)

    @property
    def total_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.files)


def fingerprint(files: Sequence[FileEntry]) -> str:
    """Return the SHA-256 over a file list, in any order, as 64 hex digits."""
    listing = [entry.model_dump() for entry in sorted(files, key=lambda entry: entry.path)]
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()


def version_id(created_at: datetime, files: Sequence[FileEntry]) -> str:
    """Return `<UTC time>-<12 hex of the file list's sha256>`: sortable, and another content is another version."""
    return f"{created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{fingerprint(files)[:12]}"
