"""How the transcriber meets its clients: addresses, credentials, limits. What it does with audio is set elsewhere."""

import ipaddress
import ssl
from pathlib import Path

from carabin.service.errors import SettingInvalid
from carabin.service.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from .auth import Authenticator, FirstThatKnows, Nobody, StaticKeys
from .auth_keys import FetchedKeys, KeyFile, KeySource, discover, require_private
from .auth_oidc import OidcTokens
from .protocol_errors import InsecureListening


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
    default_language: str | None = Field(default="fr", description="for clients that leave the language out")

    def origin_list(self) -> tuple[str, ...]:
        """Return the allowed origins."""
        return tuple(origin.strip().rstrip("/") for origin in self.origins.split(",") if origin.strip())

    def keys(self) -> dict[str, str]:
        """Return the static keys, name -> key.

        Raises:
            InsecureListening: an entry has no name or a key too short to be secret.
            SettingInvalid: the file cannot be read.
        """
        lines = self.api_keys.get_secret_value().split(",") if self.api_keys else []
        if self.api_keys_file:
            lines += _read("API_KEYS_FILE", self.api_keys_file).decode(errors="replace").splitlines()
        keys = {}
        for line in (line.strip() for line in lines):
            name, _, key = line.partition(":")
            if line and (not name or len(key) < MIN_KEY_LENGTH):
                raise InsecureListening(
                    f"an API key must be written name:key with {MIN_KEY_LENGTH} characters or more in the key"
                )
            if line:
                keys[name] = key
        return keys

    def authenticator(self) -> Authenticator:
        """Return what the settings ask for, having fetched the issuer's discovery document where needed."""
        kinds: list[Authenticator] = []
        if keys := self.keys():
            kinds.append(StaticKeys(keys))
        if self.oidc_issuer:
            source = self._issuer_keys(self.oidc_issuer)
            kinds.append(OidcTokens(self.oidc_issuer, self.oidc_audience, self.oidc_scope, source))
        if not kinds:
            return Nobody()
        return kinds[0] if len(kinds) == 1 else FirstThatKnows(kinds)

    def _issuer_keys(self, issuer: str) -> KeySource:
        if self.oidc_jwks_file:
            return KeyFile(self.oidc_jwks_file)
        if self.oidc_jwks_url:
            require_private("CARABIN_TRANSCRIBER_OIDC_JWKS_URL", self.oidc_jwks_url)
        keys = FetchedKeys(self.oidc_jwks_url or discover(issuer))
        keys.fetch()
        return keys

    def refuse_insecure(self, authenticator: Authenticator) -> None:
        """Check that listening here lets nobody in by accident.

        Raises:
            InsecureListening: beyond loopback without authentication, or half of a TLS pair.
            SettingInvalid: the TLS pair cannot be read.
        """
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InsecureListening("CARABIN_TRANSCRIBER_TLS_CERT and _TLS_KEY belong together: set both or neither")
        if self.tls_cert and self.tls_key:
            try:
                ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.tls_cert, self.tls_key)
            except (OSError, ssl.SSLError) as error:
                raise SettingInvalid(
                    f"CARABIN_TRANSCRIBER_TLS_CERT={self.tls_cert} and _TLS_KEY={self.tls_key}: "
                    "no certificate with its key can be read there"
                ) from error
        if authenticator.required or self.insecure or is_loopback(self.host):
            return
        raise InsecureListening(
            f"refusing to listen on {self.host} without authentication: set CARABIN_TRANSCRIBER_API_KEYS or "
            "CARABIN_TRANSCRIBER_OIDC_ISSUER, or say CARABIN_TRANSCRIBER_INSECURE=true"
        )


MIN_KEY_LENGTH = 16
"""A shorter key can be guessed over a network in time."""


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingInvalid(f"CARABIN_TRANSCRIBER_{name}={path}: {error.strerror or error}") from error


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
