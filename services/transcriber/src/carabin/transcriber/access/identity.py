"""Who is speaking: bearer tokens, from the header, the `bearer` subprotocol or the first message; never from a URL."""

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .errors import Forbidden, Unauthenticated

ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may dictate."""

    name: str
    """The key's name or the token's subject; it stands in the audit log."""
    expires_at: float | None = None
    """Unix time in seconds after which the credential is worth nothing; None for ever."""

    def left_s(self) -> float | None:
        """Return the seconds until then."""
        return None if self.expires_at is None else max(0.0, self.expires_at - time.time())


class Authenticator(Protocol):
    """Finds out who holds a token."""

    @property
    def required(self) -> bool:
        """False lets clients without a token in as `anonymous`."""

    async def identify(self, token: str | None) -> Identity:
        """Return who it is.

        Raises:
            Unauthenticated: no token, or one that is not valid; the text never repeats it.
            TokenExpired: its time is over.
            Forbidden: it is valid and does not allow dictation.
        """


class NoAuthentication:
    """No authentication: everybody is anonymous."""

    required = False

    async def identify(self, token: str | None) -> Identity:  # noqa: ARG002  # the protocol's signature
        return Identity(ANONYMOUS)


class StaticKeys:
    """Keys that an operator handed out, each with its holder's name."""

    required = True

    def __init__(self, keys: Mapping[str, str]) -> None:
        """Take name -> key; only the keys' digests are kept."""
        self._digests = [(name, _digest(key)) for name, key in keys.items()]

    async def identify(self, token: str | None) -> Identity:
        if not token:
            raise Unauthenticated("a token is needed: send it as `Authorization: Bearer …`")
        given = _digest(token)
        # Every key is compared, so that the time taken reveals nothing about which one was near.
        matches = [name for name, digest in self._digests if hmac.compare_digest(given, digest)]
        if not matches:
            raise Unauthenticated("the key is not known here")
        return Identity(matches[0])


class ChainedAuthenticator:
    """Several kinds of tokens side by side; the last one's refusal counts."""

    required = True

    def __init__(self, kinds: Sequence[Authenticator]) -> None:
        self._kinds = kinds

    async def identify(self, token: str | None) -> Identity:
        for kind in self._kinds[:-1]:
            try:
                return await kind.identify(token)
            except Unauthenticated:
                continue
        return await self._kinds[-1].identify(token)


def bearer(header: str | None) -> str | None:
    """Return the token of an `Authorization` header, or None when there is none of this kind (RFC 6750)."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def subprotocol_token(offered: Sequence[str]) -> str | None:
    """Return the token that follows `bearer` in the offered WebSocket subprotocols, as browsers can send it."""
    if len(offered) >= 2 and offered[0].lower() == "bearer":
        return offered[1]
    return None


def origin_allowed(origin: str | None, allowed: Sequence[str], host: str | None) -> bool:
    """Say whether a page of this origin may connect.

    Args:
        origin: the `Origin` header; None from clients that are no browser, which need their token all the same.
        allowed: exact origins such as `https://records.example`, or `*`.
        host: the `Host` header: a page that we serve ourselves may always connect.
    """
    if origin is None or "*" in allowed or origin in allowed:
        return True
    return host is not None and origin.partition("://")[2] == host


def require_origin(headers: Mapping[str, str], allowed: Sequence[str]) -> None:
    """Let in what no browser sent, and what a page of an allowed origin sent; see `origin_allowed`.

    Raises:
        Forbidden: it came from another page.
    """
    origin = headers.get("origin")
    if origin is not None and not origin_allowed(origin, allowed, headers.get("host")):
        raise Forbidden(f"pages of {origin[:80]} may not connect")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
