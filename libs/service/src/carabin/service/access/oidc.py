"""Tokens of an OpenID Connect issuer: signed JWT with audience, expiry and scope (RFC 7519, RFC 9068)."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

import jwt

from ..errors import Forbidden, TokenExpired, Unauthenticated
from .identity import Identity
from .jwks import KeySource

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Asymmetric ones only: with HS256 a public key could pass for a secret."""
CLOCK_SKEW_S = 30.0
"""What the clocks of the issuer and of this machine may differ."""


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
        if self.scope not in (granted if isinstance(granted, list) else str(granted).split()):
            raise Forbidden(f"the token does not grant the scope {self.scope!r}")
        return Identity.until(str(claims["sub"]), float(claims["exp"]) + self.skew_s)

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
            self._log_expired(token)
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
            raise Unauthenticated("the token cannot be checked: the issuer's keys are out of reach") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            # TypeError: the header names an algorithm that the key is not for.
            raise Unauthenticated("the token is not valid") from error
        return claims

    def _log_expired(self, token: str) -> None:
        """Say how long ago, by our clock: where every fresh token comes expired, a clock is wrong."""
        # Its signature was verified before its expiry was looked at.
        claims = jwt.decode(token, options={"verify_signature": False})
        log.warning(
            "a token has expired; if it was just issued, the clocks of its issuer and of this machine differ",
            extra={
                "event": "token_expired",
                "expired_s_ago": round(time.time() - float(claims["exp"])),
                "skew_allowed_s": self.skew_s,
            },
        )
