"""Where the object store is and who we are to it."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """Read from the environment, each field as `CARABIN_STORE_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="CARABIN_STORE_", frozen=True)

    endpoint: str = Field(default="127.0.0.1:8333", description="host:port of any S3 store")
    access_key: str = Field(description="S3 access key")
    secret_key: SecretStr = Field(description="S3 secret key; never printed")
    secure: bool = Field(default=True, description="speak HTTPS; false only on loopback or inside a trusted network")
    region: str = Field(default="us-east-1", description="S3 region; most self-hosted stores ignore it")
    datasets_bucket: str = Field(default="datasets", description="bucket of dataset versions")
    checkpoints_bucket: str = Field(default="checkpoints", description="bucket of training checkpoints")
    models_bucket: str = Field(default="models", description="bucket of model versions and promotions")
