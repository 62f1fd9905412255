"""The transcriber's settings, each documented once, here."""

import os
from pathlib import Path
from typing import Literal

from carabin.service.settings import ServiceSettings
from pydantic import Field


class TranscriberSettings(ServiceSettings):
    """Read from the environment, each field as `CARABIN_TRANSCRIBER_<FIELD>`."""

    model_name: str = Field(
        default="whisper",
        description="the registry's name of the model to serve; change it where the store holds several models",
    )
    model_dir: Path | None = Field(
        default=None,
        description="a local CTranslate2 folder to serve instead of the registry's production version;"
        " set it to try a model without a store",
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
