"""Who holds a bearer token: one of the keys that an operator handed out, or a token of an issuer (oidc.py)."""

import hashlib
import hmac
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..errors import Unauthenticated

ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may call."""

    name: str
    """The key's name or the token's subject; it stands in the audit log."""
    deadline_s: float | None = None
    """Seconds of `time.monotonic()` after which the credential is worth nothing; None for ever."""

    @classmethod
    def until(cls, name: str, expires_at: float) -> "Identity":
        """Return somebody whose credential is good until `expires_at`, in Unix seconds.

        The clock of the day is read here and never again: one that is set later neither ends a session nor extends it.
        """
        return cls(name, time.monotonic() + expires_at - time.time())

    def left_s(self) -> float | None:
        """Return the seconds until then."""
        return None if self.deadline_s is None else max(0.0, self.deadline_s - time.monotonic())


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
            Forbidden: it is valid and does not grant this.
        """


class NoAuthentication:
    """No authentication: everybody is anonymous."""

    required = False

    async def identify(self, token: str | None) -> Identity:  # noqa: ARG002  # the protocol's signature
        return Identity(ANONYMOUS)


class StaticKeys:
    """Keys that an operator handed out, each with its holder's name."""

    required = True

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        """Take pairs of name and key, several keys of one name too; only the keys' digests are kept."""
        self._digests = [(name, _digest(key)) for name, key in keys]

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


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
