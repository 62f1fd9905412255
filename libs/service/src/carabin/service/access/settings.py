"""Who may reach a port, and over what: the same settings for every service, each under its own prefix."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

HEADER_TIMEOUT_S: Final = 10.0
"""The default of `header_timeout_s`; a client on a bad line sends its headers, one packet, within two."""


class AccessSettings(BaseSettings):
    """Inherited beside ServiceSettings, and before it: `class ExporterSettings(AccessSettings, ServiceSettings)`."""

    host: str = Field(
        default="127.0.0.1", description="address to listen on; change it to be reached, and then set authentication"
    )
    insecure: bool = Field(
        default=False,
        description="listen beyond loopback without authentication; set it behind a gateway that asks for it",
    )
    header_timeout_s: float = Field(
        default=HEADER_TIMEOUT_S,
        gt=0,
        le=300,
        description="seconds that a connection may take to send a request's headers, on every port, before it is "
        "closed; raise it for very slow lines",
    )
    tls_cert: Path | None = Field(
        default=None, description="PEM certificate chain, for TLS on the ports; set it where no gateway ends TLS"
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

    @classmethod
    def variable(cls, name: str) -> str:
        """Return the environment variable of a field."""
        return f"{cls.model_config.get('env_prefix', '')}{name}".upper()
