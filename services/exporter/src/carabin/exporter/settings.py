"""What an operator may set of the exporter."""

from pathlib import Path
from typing import Literal

from carabin.ct2whisper.quantize import FORMS
from carabin.registry.errors import UnsafePath
from carabin.registry.layout import safe_name
from carabin.service.settings import ServiceSettings
from pydantic import Field, field_validator


class ExporterSettings(ServiceSettings):
    """Read from the environment, each field as `CARABIN_EXPORTER_<FIELD>`."""

    model_name: str = Field(default="whisper", description="model that checkpoints become versions of")
    quantizations: tuple[str, ...] = Field(
        default=("float16",), description='forms of every checkpoint, as a JSON list such as ["float16", "int8"]'
    )
    language: str = Field(default="fr", description="Whisper's code of the language of the sample dictations")
    watch: Literal["final", "all", "none"] = Field(
        default="final", description="which checkpoints are exported unasked: the last of each run, all, or none"
    )
    poll_s: float = Field(default=15.0, gt=0, description="seconds between two looks for new checkpoints")
    lease_s: float = Field(default=90.0, gt=0, description="seconds after which a silent exporter's work is taken over")
    max_waiting: int = Field(default=16, gt=0, description="exports that may wait here; more are refused")
    work: Path | None = Field(
        default=None, description="folder for files under way, three times a checkpoint; none: the system's own"
    )
    host: str = Field(default="0.0.0.0", description="address that gRPC and metrics listen on")
    grpc_port: int = Field(default=9092, ge=0, le=65535, description="port of the ExporterService; 0 takes a free one")
    metrics_port: int = Field(default=9093, ge=0, le=65535, description="port of the Prometheus metrics")

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
