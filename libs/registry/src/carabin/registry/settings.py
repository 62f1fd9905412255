"""Where the object store is and who we are to it."""

import json
import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

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


class StoreSettings(BaseSettings):
    """Read from the environment, each field as `CARABIN_STORE_<FIELD>`; else from this machine's embedded store."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    endpoint: str = Field(default="127.0.0.1:8333", description="host:port of any S3 store")
    access_key: str = Field(default=..., description="S3 access key")
    secret_key: SecretStr = Field(default=..., description="S3 secret key; never printed")
    secure: bool = Field(
        default=True,
        description="speak HTTPS, trusting the system and SSL_CERT_FILE; false on loopback alone",
    )
    region: str = Field(default="us-east-1", description="S3 region; most self-hosted stores ignore it")
    datasets_bucket: str = Field(default="datasets", description="bucket of dataset versions")
    checkpoints_bucket: str = Field(default="checkpoints", description="bucket of training checkpoints")
    models_bucket: str = Field(default="models", description="bucket of model versions and promotions")

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
