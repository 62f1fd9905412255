"""The transcriber's settings, each documented once, here."""

import os
from pathlib import Path
from typing import Literal, Self

from carabin.registry.layout import is_safe_name
from carabin.service.settings import ServiceSettings
from pydantic import Field, field_validator, model_validator


class TranscriberSettings(ServiceSettings):
    """Read from the environment, each field as `CARABIN_TRANSCRIBER_<FIELD>`."""

    model_name: str = Field(
        default="whisper",
        description="the registry's name of the model to serve; change it where the store holds several models",
    )
    models: str = Field(
        default="",
        description="names of several models to serve at once, comma-separated, the first for whoever names none; set"
        " it in place of model_name where specialties have models of their own",
    )
    models_load: Literal["start", "demand"] = Field(
        default="start",
        description="when the models after the first are loaded: all at the start, or each when a client first asks"
        " for it; choose demand where memory does not hold them all",
    )
    model_dir: Path | None = Field(
        default=None,
        description="a local CTranslate2 folder to serve instead of the registry's production version, in the"
        " windows of its manifest.json, where there is one; set it to try a model without a store",
    )
    cache_dir: Path = Field(
        default=Path("data/cache/models"),
        description="folder in which versions are kept, emptied of unused ones; put it on a disk that outlives the"
        " process, and a restart needs no download",
    )
    vocabulary_dir: Path | None = Field(
        default=None,
        description="folder of named vocabularies (*.txt) and lexicons (*.tsv); set it beside model_dir, where no store"
        " holds them",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="where the model runs; set cpu to leave a GPU to training, cuda to refuse to start without one",
    )
    compute_type: str = Field(
        default="auto",
        description="CTranslate2's compute type, auto is int8 on a CPU and float16 on a GPU; set int8_float16 where a"
        " GPU has little memory",
    )
    workers: int = Field(
        default=min(2, os.cpu_count() or 1),
        ge=1,
        description="decodes at the same time on a CPU, each on one core, a GPU has one; raise it to the cores that"
        " this service has for itself",
    )
    max_sessions: int = Field(
        default=64,
        ge=1,
        description="sessions open at the same time, more are refused with a time to come back; lower it where"
        " carabin_transcriber_overload_level stays above 1",
    )
    poll_s: float = Field(
        default=10.0,
        gt=0,
        description="seconds between looks at which version is in production; raise it where many replicas share a"
        " slow store",
    )
    swap_when_short: Literal["refuse", "drain"] = Field(
        default="refuse",
        description="when memory does not hold two models: refuse the new one, or drain: finish utterances, unload,"
        " load, while sessions wait; choose drain where promotions must arrive and memory cannot grow",
    )

    @property
    def model_names(self) -> tuple[str, ...]:
        """The names to serve, the default first."""
        return tuple(name.strip() for name in self.models.split(",")) if self.models.strip() else (self.model_name,)

    @field_validator("models")
    @classmethod
    def _names_differ(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")] if value.strip() else []
        for name in names:
            if not name:
                raise ValueError("a name is empty: write the models' names with one comma between two")
            if not is_safe_name(name):
                raise ValueError(f"{name!r} is no model's name: use letters, digits, dots, dashes and underscores")
            if names.count(name) > 1:
                raise ValueError(f"{name} stands in it twice")
        return value

    @model_validator(mode="after")
    def _one_choice_of_models(self) -> Self:
        if self.models.strip() and self.model_dir is not None:
            raise ValueError("models and model_dir exclude each other: a folder is one model, without a name")
        return self
