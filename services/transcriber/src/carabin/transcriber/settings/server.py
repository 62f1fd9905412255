"""How the transcriber meets its clients: addresses, credentials, limits. What it does with audio is set elsewhere."""

from pathlib import Path

from carabin.service.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict


class ServerSettings(ServiceSettings):
    """Read from CARABIN_TRANSCRIBER_*."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CARABIN_TRANSCRIBER_")

    host: str = Field(
        default="127.0.0.1", description="address to listen on; change it to be reached, and then set authentication"
    )
    port: int = Field(
        default=9090,
        ge=0,
        le=65535,
        description="WebSocket and HTTP port; change it where it is taken; 0 takes a free one",
    )
    grpc_port: int | None = Field(
        default=9091, ge=0, le=65535, description="gRPC port; leave it empty where nobody speaks gRPC"
    )
    insecure: bool = Field(
        default=False,
        description="listen beyond loopback without authentication; set it behind a gateway that asks for it",
    )
    tls_cert: Path | None = Field(
        default=None, description="PEM certificate chain for wss, https and gRPC; set it where no gateway ends TLS"
    )
    tls_key: Path | None = Field(default=None, description="PEM key of the certificate; set it with tls_cert")
    api_keys: SecretStr | None = Field(
        default=None, description="static keys as name:key, comma-separated; set them where no issuer is"
    )
    api_keys_file: Path | None = Field(
        default=None, description="file with one name:key a line; set it where secrets are mounted as files"
    )
    oidc_issuer: str | None = Field(
        default=None, description="issuer of accepted JWT, as it calls itself; set it where clinicians sign in"
    )
    oidc_audience: str = Field(
        default="carabin", description="audience that a JWT must name; change it where the issuer fixes another"
    )
    oidc_scope: str = Field(
        default="transcribe",
        description="scope that a JWT must grant; change it where the issuer names scopes otherwise",
    )
    oidc_jwks_url: str | None = Field(
        default=None, description="the issuer's keys; set it where its discovery document is out of reach"
    )
    oidc_jwks_file: Path | None = Field(
        default=None, description="the issuer's keys as a file; set it where the issuer is out of reach"
    )
    origins: str = Field(
        default="",
        description="origins of web pages that may connect, comma-separated, * for all; set it for other pages",
    )
    sessions_per_identity: int = Field(
        default=8, ge=1, description="sessions that one identity may have open; raise it where a ward shares one key"
    )
    session_hours: float = Field(
        default=4.0, gt=0, description="longest session over all its connections; raise it for longer sittings"
    )
    resume_s: float = Field(
        default=60.0,
        ge=0,
        description="seconds that a broken session waits in memory for its client, 0 keeps none; raise it for bad "
        "radio links",
    )
    drain_s: float = Field(
        default=25.0,
        ge=0,
        description="seconds that live sessions have to end after SIGTERM; keep it below the pod's grace period",
    )
    max_upload_bytes: int = Field(
        default=256 << 20, ge=1, description="largest upload, held in memory; raise it for long uncompressed recordings"
    )
    upload_memory_bytes: int = Field(
        default=1 << 30, ge=1, description="memory for all uploads at once; lower it where the pod has less than 4 GiB"
    )
    default_language: str | None = Field(
        default="fr", description="for clients that leave the language out; change it where the site speaks another"
    )

    def origin_list(self) -> tuple[str, ...]:
        """Return the allowed origins."""
        return tuple(origin.strip().rstrip("/") for origin in self.origins.split(",") if origin.strip())
