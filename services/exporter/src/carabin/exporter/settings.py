"""What an operator may set of the exporter."""

from pathlib import Path
from typing import Literal

from carabin.ct2whisper.quantize import FORMS
from carabin.registry.errors import UnsafePath
from carabin.registry.layout import safe_name
from carabin.service.access.settings import AccessSettings
from carabin.service.settings import ServiceSettings
from pydantic import Field, field_validator


class ExporterSettings(AccessSettings, ServiceSettings):
    """Read from the environment, each field as `CARABIN_EXPORTER_<FIELD>`."""

    model_name: str = Field(
        default="whisper",
        description="model that checkpoints become versions of; change it where several models are kept",
    )
    quantizations: tuple[str, ...] = Field(
        default=("float16",),
        description='forms of every checkpoint, a JSON list such as ["float16", "int8"]; add int8 to serve on a CPU',
    )
    language: str = Field(
        default="fr",
        description="Whisper's code of the language of the sample dictations; change it with the trainer's",
    )
    watch: Literal["final", "all", "none"] = Field(
        default="final",
        description="which checkpoints are exported unasked: the last of each run, all, or none; set none to export "
        "by command",
    )
    poll_s: float = Field(
        default=15.0, gt=0, description="seconds between two looks for new checkpoints; raise it for a slow store"
    )
    lease_s: float = Field(
        default=90.0,
        gt=0,
        description="seconds after which a silent exporter's work is taken over; raise it where the store is away "
        "for longer",
    )
    work: Path | None = Field(
        default=None,
        description="folder for files under way, by default the system's own; set it to a disk of three times a "
        "checkpoint",
    )
    host: str = Field(
        default="127.0.0.1",
        description="address that gRPC and metrics listen on; change it to be reached, and then set authentication",
    )
    oidc_scope: str = Field(
        default="export", description="scope that a JWT must grant; change it where the issuer names scopes otherwise"
    )
    grpc_port: int = Field(
        default=9092,
        ge=0,
        le=65535,
        description="port of the ExporterService, 0 takes a free one; change it where it is taken",
    )
    metrics_port: int = Field(
        default=9093,
        ge=0,
        le=65535,
        description="port of the Prometheus metrics, 0 takes a free one; change it where it is taken",
    )

    @field_validator("quantizations")
    @classmethod
    def _known_forms(cls, forms: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [form for form in forms if form not in FORMS]
        if unknown or not forms:
            raise ValueError(f"{', '.join(unknown) or 'nothing'} is no form; one or more of {', '.join(FORMS)}")
        return forms

    @field_validator("model_name")
    @classmethod
    def _safe_model_name(cls, name: str) -> str:
        try:
            return safe_name(name)
        except UnsafePath as error:
            raise ValueError(str(error)) from error
