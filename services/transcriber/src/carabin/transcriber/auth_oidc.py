"""Tokens of an OpenID Connect issuer: signed JWT with audience, expiry and scope (RFC 7519, RFC 9068)."""

import asyncio
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.request import urlopen

import jwt
from carabin.service.errors import SettingInvalid

from .auth import Identity
from .protocol_errors import Forbidden, TokenExpired, Unauthenticated

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Asymmetric ones only: with HS256 a public key could pass for a secret."""
CLOCK_SKEW_S = 30.0
"""What the clocks of the issuer and of this machine may differ."""
FETCH_TIMEOUT_S = 10.0


class KeySource(Protocol):
    """Finds the public key that a token was signed with."""

    def get_signing_key_from_jwt(self, token: str) -> Any:
        """Return an object whose `key` verifies the token; it may fetch, so it is called in a thread."""


@dataclass(frozen=True)
class OidcTokens:
    """Accepts the tokens of one issuer for one audience."""

    issuer: str
    audience: str
    scope: str
    keys: KeySource
    skew_s: float = CLOCK_SKEW_S
    required: bool = True

    async def identify(self, token: str | None) -> Identity:
        if not token:
            raise Unauthenticated("a token is needed: send it as `Authorization: Bearer …`")
        claims = await asyncio.to_thread(self._claims, token)
        granted = claims.get("scope", claims.get("scp", ""))
        if self.scope not in (granted.split() if isinstance(granted, str) else granted):
            raise Forbidden(f"the token does not grant the scope {self.scope!r}")
        return Identity(str(claims["sub"]), float(claims["exp"]) + self.skew_s)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(ALGORITHMS),
                audience=self.audience,
                issuer=self.issuer,
                leeway=self.skew_s,
                options={"require": ["exp", "sub", "aud", "iss"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenExpired("the token has expired: get a new one") from error
        except jwt.ImmatureSignatureError as error:
            log.warning(
                "a token is not valid yet: the clocks of its issuer and of this machine differ",
                extra={"event": "clock_skew", "skew_allowed_s": self.skew_s},
            )
            raise Unauthenticated("the token is not valid yet: the issuer's clock and ours differ") from error
        except jwt.InvalidAudienceError as error:
            raise Unauthenticated(f"the token is not for the audience {self.audience!r}") from error
        except jwt.InvalidIssuerError as error:
            raise Unauthenticated(f"the token is not from {self.issuer}") from error
        except jwt.PyJWKClientConnectionError as error:
            log.error("the issuer's keys cannot be fetched", extra={"event": "jwks_unreachable", "issuer": self.issuer})
            raise Unauthenticated("the token cannot be checked: the issuer's keys are out of reach") from error
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            raise Unauthenticated("the token is not valid") from error
        return claims


class KeyFile:
    """A JWKS file on disk, for sites whose issuer is out of the service's reach.

    Raises:
        SettingInvalid: it cannot be read, or holds no keys.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._set = jwt.PyJWKSet.from_json(path.read_text())
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise SettingInvalid(f"CARABIN_TRANSCRIBER_OIDC_JWKS_FILE={path}: no JWKS can be read there") from error

    def get_signing_key_from_jwt(self, token: str) -> Any:
        return self._set[jwt.get_unverified_header(token)["kid"]]


def fetched_keys(issuer: str, jwks_url: str | None = None) -> KeySource:
    """Return keys fetched from the issuer, cached, and fetched again when a new one signs.

    Args:
        jwks_url: where its keys are; by default as its discovery document says (OpenID Connect Discovery 1.0).

    Raises:
        SettingInvalid: the discovery document cannot be fetched.
    """
    if jwks_url is None:
        try:
            with urlopen(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=FETCH_TIMEOUT_S) as answer:
                jwks_url = str(json.load(answer)["jwks_uri"])
        except (OSError, ValueError, KeyError) as error:
            raise SettingInvalid(
                f"CARABIN_TRANSCRIBER_OIDC_ISSUER={issuer}: its discovery document cannot be fetched; "
                "set _OIDC_JWKS_URL or _OIDC_JWKS_FILE where it is out of reach"
            ) from error
    return jwt.PyJWKClient(jwks_url, timeout=FETCH_TIMEOUT_S)
