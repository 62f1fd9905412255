"""How the transcriber meets its clients: addresses, credentials, limits. What it does with audio is set elsewhere."""

from carabin.service.access.settings import AccessSettings
from carabin.service.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict


class ServerSettings(AccessSettings, ServiceSettings):
    """Read from CARABIN_TRANSCRIBER_*."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CARABIN_TRANSCRIBER_")

    port: int = Field(
        default=9090,
        ge=0,
        le=65535,
        description="WebSocket and HTTP port; change it where it is taken; 0 takes a free one",
    )
    grpc_port: int | None = Field(
        default=9091, ge=0, le=65535, description="gRPC port; leave it empty where nobody speaks gRPC"
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="port of Prometheus metrics alone, in place of /metrics on the HTTP port; set it where a gateway "
        "or other machines reach the HTTP port",
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
