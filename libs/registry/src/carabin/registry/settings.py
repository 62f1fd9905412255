"""Where the object store is and who we are to it."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from .endpoint import require_host_and_port, split_scheme
from .errors import ProvenanceInvalid

PREFIX = "CARABIN_STORE_"
_IDENTITY = ("endpoint", "access_key", "secret_key", "secure")


def data_dir() -> Path:
    """Return the folder of everything this machine keeps: `CARABIN_DATA_DIR`, or `data` below the working folder."""
    return Path(os.environ.get("CARABIN_DATA_DIR", "data"))


def state_path(folder: Path | None = None) -> Path:
    """Return where the embedded store in `folder`, by default `store` in the data folder, notes how to reach it."""
    return (folder or data_dir() / "store") / "state.json"


def environment_names_a_store() -> bool:
    """Say whether the environment names any part of a store; then the embedded one's keys must not be sent there."""
    named = {name.upper() for name in os.environ}
    return any(f"{PREFIX}{field.upper()}" in named for field in _IDENTITY)


Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
"""A bucket's name as S3 has it: 3 to 63 small letters, digits, dots and hyphens."""


class StoreSettings(BaseSettings):
    """Read from the environment, each field as `CARABIN_STORE_<FIELD>`; else from this machine's embedded store."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    endpoint: Annotated[str, AfterValidator(require_host_and_port)] = Field(
        default="127.0.0.1:8333",
        description="host:port of any S3 store, http:// or https:// before it sets `secure`; "
        "set it where the store is no embedded one",
    )
    access_key: str = Field(default=..., min_length=1, description="S3 access key")
    secret_key: SecretStr = Field(default=..., description="S3 secret key; never printed")
    secure: bool = Field(
        default=True,
        description="speak HTTPS, trusting the system and SSL_CERT_FILE; set false on loopback alone",
    )
    region: str = Field(
        default="us-east-1",
        pattern=r"^[A-Za-z0-9_-]{1,63}$",
        description="S3 region, which most self-hosted stores ignore; set it where requests are refused for it",
    )
    datasets_bucket: Bucket = Field(
        default="datasets", description="bucket of dataset versions; change it where the store's names are fixed"
    )
    checkpoints_bucket: Bucket = Field(
        default="checkpoints", description="bucket of training checkpoints; change it where the store's names are fixed"
    )
    models_bucket: Bucket = Field(
        default="models",
        description="bucket of model versions and promotions; change it where the store's names are fixed",
    )

    @model_validator(mode="before")
    @classmethod
    def _take_scheme(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take `secure` from the endpoint's scheme; both may be given where they agree."""
        endpoint = values.get("endpoint")
        if not isinstance(endpoint, str):
            return values
        asked, rest = split_scheme(endpoint)
        if asked is None:
            return {**values, "endpoint": rest}
        try:
            secure = TypeAdapter(bool).validate_python(values.get("secure", asked))
        except ValidationError:
            return {**values, "endpoint": rest}  # The field says so itself.
        if secure is not asked:
            raise ValueError(
                f"the scheme of {PREFIX}ENDPOINT and {PREFIX}SECURE={str(secure).lower()} contradict each other:"
                " leave one out"
            )
        return {**values, "endpoint": rest, "secure": asked}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature; we read no such file
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ask the caller, the environment, mounted secrets, then the embedded store's state file."""
        return init_settings, env_settings, file_secret_settings, _EmbeddedState(settings_cls)


class SigningSettings(BaseSettings):
    """Read from the environment, each field as `CARABIN_SIGNING_<FIELD>`; whoever verifies reads them too."""

    model_config = SettingsConfigDict(env_prefix="CARABIN_SIGNING_", frozen=True)

    key: Path | None = Field(
        default=None,
        description="PEM file of an Ed25519 private key, without which versions are unsigned; set it where the "
        "store is written by others too",
    )
    trusted: tuple[Path, ...] = Field(
        default=(),
        description="PEM files of the public keys that versions may be signed with, as a JSON list;"
        " set them once all that is served is signed, and promoting and loading refuse every other version",
    )

    @classmethod
    def load(cls) -> Self:
        """Read the environment.

        Raises:
            ProvenanceInvalid: a field does not parse.
        """
        try:
            return cls()
        except (ValidationError, SettingsError) as error:
            raise ProvenanceInvalid(describe_invalid(error, cls)[1]) from error


class _EmbeddedState(PydanticBaseSettingsSource):
    """What `carabin store start` noted, unless the environment names any part of another store."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused, because the file is read whole."""
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the store's address and keys, or nothing."""
        if environment_names_a_store():
            return {}
        try:
            state = json.loads(state_path().read_text())
        except (OSError, ValueError):
            return {}
        return {field: state[field] for field in _IDENTITY if field in state}


def describe_invalid(error: ValidationError | SettingsError, settings: type[BaseSettings]) -> tuple[str | None, str]:
    """Return the variable that is missing, or None, and what is wrong in one sentence; a secret is never in it."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    if isinstance(error, SettingsError):
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"{prefix}{named.group(1)}".upper() if named else prefix
        return None, f'{variable} cannot be read: it is written as JSON, such as [1, 0.5] or ["a", "b"]'
    first = error.errors()[0]
    path = [str(step) for step in first["loc"]]
    sentence = first["msg"].removeprefix("Value error, ")
    if not path:
        return None, sentence
    variable = f"{prefix}{'_'.join(path)}".upper()
    if first["type"] == "missing":
        return variable, f"{variable} is not set"
    written = first["input"]
    if isinstance(written, str):
        written = re.sub(r"[^/@\s]*@", "...@", written)  # A password before a host is not repeated.
    shown = "" if _is_secret(settings.model_fields, path[0]) else f"={written!r}"
    return None, f"{variable}{shown}: {sentence}"


def _is_secret(fields: Mapping[str, FieldInfo], name: str) -> bool:
    return name in fields and "Secret" in str(fields[name].annotation)
