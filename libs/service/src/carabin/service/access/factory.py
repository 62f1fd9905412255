"""From settings to who may come in: the authenticator, and whether this address may be listened on without one."""

import ipaddress
import ssl
from functools import partial
from pathlib import Path

import grpc

from ..errors import InsecureListening, SettingInvalid
from .identity import Authenticator, ChainedAuthenticator, NoAuthentication, StaticKeys
from .jwks import IssuerKeys, KeyFile, KeySource, discover, require_private
from .oidc import OidcTokens
from .settings import AccessSettings

MIN_KEY_LENGTH = 16
"""A shorter key can be guessed over a network in time."""


def make_authenticator(settings: AccessSettings) -> Authenticator:
    """Return what the settings ask for; an issuer that does not answer now is asked again when tokens come."""
    kinds: list[Authenticator] = []
    if keys := static_keys(settings):
        kinds.append(StaticKeys(keys))
    if settings.oidc_issuer:
        source = _issuer_keys(settings, settings.oidc_issuer)
        kinds.append(OidcTokens(settings.oidc_issuer, settings.oidc_audience, settings.oidc_scope, source))
    if not kinds:
        return NoAuthentication()
    return kinds[0] if len(kinds) == 1 else ChainedAuthenticator(kinds)


def static_keys(settings: AccessSettings) -> list[tuple[str, str]]:
    """Return the static keys, each as name and key; a new one stands beside the old one of its name.

    Raises:
        InsecureListening: an entry has no name or a key too short to be secret.
        SettingInvalid: the file cannot be read.
    """
    lines = settings.api_keys.get_secret_value().split(",") if settings.api_keys else []
    if settings.api_keys_file:
        lines += _read(settings.variable("api_keys_file"), settings.api_keys_file).decode(errors="replace").splitlines()
    keys = []
    for line in (line.strip() for line in lines):
        name, _, key = line.partition(":")
        if line and (not name or len(key) < MIN_KEY_LENGTH):
            raise InsecureListening(
                f"an API key must be written name:key with {MIN_KEY_LENGTH} characters or more in the key"
            )
        if line:
            keys.append((name, key))
    return keys


def refuse_insecure(settings: AccessSettings, authenticator: Authenticator) -> None:
    """Check that listening here lets nobody in by accident.

    Raises:
        InsecureListening: beyond loopback without authentication, or half of a TLS pair.
        SettingInvalid: the TLS pair cannot be read.
    """
    cert, key = settings.variable("tls_cert"), settings.variable("tls_key")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise InsecureListening(f"{cert} and {key} belong together: set both or neither")
    if settings.tls_cert and settings.tls_key:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise SettingInvalid(
                f"{cert}={settings.tls_cert} and {key}={settings.tls_key}: "
                "no certificate with its key can be read there"
            ) from error
    if authenticator.required or settings.insecure or is_loopback(settings.host):
        return
    raise InsecureListening(
        f"refusing to listen on {settings.host} without authentication: set {settings.variable('api_keys')} or "
        f"{settings.variable('oidc_issuer')}, or say {settings.variable('insecure')}=true"
    )


def server_credentials(settings: AccessSettings) -> grpc.ServerCredentials | None:
    """Return the gRPC server's side of TLS, or None where the settings name no certificate."""
    if not (settings.tls_cert and settings.tls_key):
        return None
    return grpc.ssl_server_credentials([(settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())])


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _issuer_keys(settings: AccessSettings, issuer: str) -> KeySource:
    if settings.oidc_jwks_file:
        return KeyFile(settings.oidc_jwks_file, settings.variable("oidc_jwks_file"))
    url = settings.oidc_jwks_url
    if url:
        require_private(settings.variable("oidc_jwks_url"), url)
    keys = IssuerKeys((lambda: url) if url else partial(discover, issuer, settings.variable("oidc_issuer")))
    keys.fetch()
    return keys


def _read(variable: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingInvalid(f"{variable}={path}: {error.strerror or error}") from error
