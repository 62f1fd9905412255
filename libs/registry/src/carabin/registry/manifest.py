"""The JSON written last, whose existence makes a model version visible, and the record of a promotion."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from .errors import ManifestInvalid, UnsafePath
from .layout import safe_file

SCHEMA_VERSION = 1


def _safe(path: str) -> str:
    try:
        return safe_file(path)
    except UnsafePath as error:
        raise ValueError(str(error)) from error


class _Record(BaseModel):
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
            raise ManifestInvalid(f"{where}: {field}: {first['msg']}") from error


class FileEntry(BaseModel):
    """One file of a model version."""

    model_config = ConfigDict(frozen=True)

    path: Annotated[str, AfterValidator(_safe)]
    size: int = Field(ge=0, description="bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ModelManifest(_Record):
    """One immutable CTranslate2 folder, ready for faster-whisper."""

    name: str
    version: str
    created_at: datetime
    files: tuple[FileEntry, ...] = Field(min_length=1)
    source: dict[str, str] = Field(default_factory=dict, description="checkpoint, base model, dataset, by name")
    metrics: dict[str, float] = Field(default_factory=dict)
    min_window_frames: int = Field(default=750, gt=0, description="smallest safe encoder window, in 10 ms mel frames")
    window_margin_frames: int = Field(default=300, ge=0, description="frames that the window must outlast the speech")


class PromotionRecord(_Record):
    """One line of the promotion log."""

    number: int = Field(ge=1)
    version: str
    previous: str | None
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    at: datetime


def version_id(created_at: datetime, files: tuple[FileEntry, ...]) -> str:
    """Return `<UTC time>-<12 hex of the file list's sha256>`: sortable, and another content is another version."""
    listing = json.dumps([entry.model_dump() for entry in sorted(files, key=lambda entry: entry.path)], sort_keys=True)
    digest = hashlib.sha256(listing.encode()).hexdigest()
    return f"{created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:12]}"
