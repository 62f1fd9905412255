"""How the transcriber meets its clients: addresses, credentials, limits. What it does with audio is set elsewhere."""

from pathlib import Path

from carabin.service.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict


class ServerSettings(ServiceSettings):
    """Read from CARABIN_TRANSCRIBER_*."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CARABIN_TRANSCRIBER_")

    host: str = Field(default="127.0.0.1", description="address to listen on; beyond loopback authentication is needed")
    port: int = Field(default=9090, ge=0, le=65535, description="WebSocket and HTTP port; 0 takes a free one")
    grpc_port: int | None = Field(default=9091, ge=0, le=65535, description="gRPC port; empty for none")
    insecure: bool = Field(default=False, description="listen beyond loopback without authentication all the same")
    tls_cert: Path | None = Field(default=None, description="PEM certificate chain: wss, https and gRPC over TLS")
    tls_key: Path | None = Field(default=None, description="PEM key of the certificate")
    api_keys: SecretStr | None = Field(default=None, description="static keys as name:key, comma-separated")
    api_keys_file: Path | None = Field(default=None, description="file with one name:key a line")
    oidc_issuer: str | None = Field(default=None, description="issuer of JWT that are accepted")
    oidc_audience: str = Field(default="carabin", description="audience that a JWT must name")
    oidc_scope: str = Field(default="transcribe", description="scope that a JWT must grant")
    oidc_jwks_url: str | None = Field(default=None, description="the issuer's keys; by default from its discovery")
    oidc_jwks_file: Path | None = Field(default=None, description="the issuer's keys as a file, where no network is")
    origins: str = Field(default="", description="origins of web pages that may connect, comma-separated; * for all")
    sessions_per_identity: int = Field(default=8, ge=1, description="sessions that one identity may have open")
    audio_rate: float = Field(default=8.0, gt=0, description="audio seconds per second that one identity may send")
    audio_burst_s: float = Field(default=120.0, gt=0, description="audio seconds that may come at once")
    session_hours: float = Field(default=4.0, gt=0, description="longest session")
    hello_s: float = Field(default=10.0, gt=0, description="seconds to send the configuration")
    resume_s: float = Field(default=60.0, ge=0, description="seconds that a broken session waits for its client")
    drain_s: float = Field(default=25.0, ge=0, description="seconds that live sessions have to end after SIGTERM")
    max_message_bytes: int = Field(default=1 << 20, ge=4096, description="largest WebSocket message")
    max_upload_bytes: int = Field(default=256 << 20, ge=1, description="largest upload; it is held in memory")
    upload_memory_bytes: int = Field(
        default=1 << 30, ge=1, description="memory for all uploads at once; lower it where the pod has less than 4 GiB"
    )
    default_language: str | None = Field(default="fr", description="for clients that leave the language out")

    def origin_list(self) -> tuple[str, ...]:
        """Return the allowed origins."""
        return tuple(origin.strip().rstrip("/") for origin in self.origins.split(",") if origin.strip())
