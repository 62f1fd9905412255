"""The public keys that an issuer signs its tokens with: from a file, or from the issuer itself."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import jwt

from ..errors import SettingInvalid

log = logging.getLogger(__name__)

FETCH_TIMEOUT_S = 10.0
MAX_BYTES = 1 << 20
"""A discovery document or a key set has a few kilobytes."""
REFETCH_S = 30.0
"""The issuer is asked no more often, however many tokens come with a key that nobody knows."""
MAX_AGE_S = 300.0
"""A key that the issuer took back is accepted no longer than this after it did, unless the issuer cannot be asked."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class KeySource(Protocol):
    """Finds the public key that a token was signed with."""

    def get_signing_key_from_jwt(self, token: str) -> Any:
        """Return an object whose `key` verifies the token; it may fetch, so it is called in a thread.

        Raises:
            jwt.PyJWKClientConnectionError: the key is not known, and the issuer cannot be asked.
            jwt.PyJWTError: there is no such key, or this is no token.
        """


class KeyFile:
    """A JWKS file on disk, for sites whose issuer is out of the service's reach.

    Args:
        variable: what an error names: the setting that the path is from.

    Raises:
        SettingInvalid: it cannot be read, or holds no keys.
    """

    def __init__(self, path: Path, variable: str = "OIDC_JWKS_FILE") -> None:
        try:
            self._keys = _by_id(json.loads(path.read_text()))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise SettingInvalid(f"{variable}={path}: no JWKS can be read there") from error

    def get_signing_key_from_jwt(self, token: str) -> Any:
        return _key_of(token, self._keys)


class IssuerKeys(jwt.PyJWKClient):
    """PyJWT's client for the keys at a URL, with what it found kept for as long as the issuer does not answer.

    Args:
        locate: returns the URL of the keys, asked until it is known; it may raise jwt.PyJWKClientConnectionError.
        clock: any steady clock, in seconds.
    """

    def __init__(self, locate: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        # Its own cache forgets keys by their age alone, and its URL is known only when the issuer has answered.
        super().__init__("https://unknown.invalid", cache_jwk_set=False, timeout=FETCH_TIMEOUT_S)
        self._locate: Callable[[], str] | None = locate
        self._clock = clock
        self._known: jwt.PyJWKSet | None = None
        self._asking = False
        self._asked_at = self._fetched_at = float("-inf")
        self._answered = False

    def get_signing_key(self, kid: str) -> jwt.PyJWK:
        """Return the key of this id; while one caller asks the issuer, the others go on with the keys at hand.

        Raises:
            jwt.PyJWKClientConnectionError: it is not known, and the issuer does not answer.
            jwt.PyJWKClientError: there is no such key.
        """
        if self._known is not None and (self._asking or not self._is_old()):
            signing = [key for key in self._known.keys if key.public_key_use in ("sig", None)]
            if found := self.match_kid(signing, kid):
                return found
        try:
            return super().get_signing_key(kid)
        except jwt.PyJWKClientError:
            if not self._answered:
                raise jwt.PyJWKClientConnectionError("the issuer's keys cannot be fetched") from None
            raise

    def get_jwk_set(self, refresh: bool = False) -> jwt.PyJWKSet:
        """Return the newest keys that are known; ask for newer ones where they are old, or where `refresh` wants it."""
        if refresh or self._is_old():
            self.fetch()
        if self._known is None:
            raise jwt.PyJWKClientConnectionError("the issuer's keys cannot be fetched")
        return self._known

    def fetch(self) -> None:
        """Ask the issuer, at most every `REFETCH_S`; at start too, so that what is wrong stands in the log.

        Raises:
            SettingInvalid: the issuer answers, and is another than the configured one.
        """
        if self._clock() - self._asked_at < REFETCH_S:
            return
        self._asked_at, self._asking = self._clock(), True
        try:
            if self._locate is not None:
                self.uri, self._locate = self._locate(), None
            self._known = super().get_jwk_set(refresh=True)
        except (jwt.PyJWTError, OSError, ValueError) as error:
            self._answered = False
            log.error(
                "the issuer's keys cannot be fetched: tokens with a new key are refused, known keys go on",
                extra={"event": "jwks_unreachable", "url": self.uri, "known": self._n_known(), "reason": str(error)},
            )
        else:
            self._answered = True
            self._fetched_at = self._clock()
            log.info("issuer's keys", extra={"event": "jwks_fetched", "url": self.uri, "known": self._n_known()})
        finally:
            self._asking = False

    def _is_old(self) -> bool:
        return self._clock() - self._fetched_at > MAX_AGE_S

    def _n_known(self) -> int:
        return 0 if self._known is None else len(self._known.keys)


def discover(issuer: str, variable: str = "OIDC_ISSUER") -> str:
    """Return where the issuer's keys are, as its discovery document says (OpenID Connect Discovery 1.0, section 4).

    Args:
        variable: what an error names: the setting that the issuer is from.

    Raises:
        SettingInvalid: the document is another issuer's, or names an address that could be forged.
        jwt.PyJWKClientConnectionError: the document cannot be fetched or read.
    """
    variable = f"{variable}={issuer}"
    require_private(variable, issuer)
    try:
        document = fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        named, url = str(document["issuer"]), str(document["jwks_uri"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise jwt.PyJWKClientConnectionError(
            f"the discovery document of {issuer} cannot be fetched ({error}); "
            "set _OIDC_JWKS_URL or _OIDC_JWKS_FILE where it is out of reach"
        ) from error
    if named != issuer:
        raise SettingInvalid(f"{variable}: the issuer calls itself {named!r}: write it exactly so")
    require_private(f"{variable}, jwks_uri", url)
    return url


def require_private(variable: str, url: str) -> None:
    """Refuse a URL whose answer others on the network could forge.

    Raises:
        SettingInvalid
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise SettingInvalid(f"{variable}: {url!r} must be https; http is for loopback alone")


def fetch_json(url: str) -> Any:
    """Return the document at `url`.

    Raises:
        OSError: no answer, or one with an error status.
        ValueError: the answer is no JSON.
    """
    with urlopen(Request(url, headers={"Accept": "application/json"}), timeout=FETCH_TIMEOUT_S) as answer:
        return json.loads(answer.read(MAX_BYTES))


def _by_id(document: Any) -> dict[str, jwt.PyJWK]:
    """Return the keys that sign, by their id."""
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    keys = jwt.PyJWKSet.from_dict(document).keys
    return {str(key.key_id): key for key in keys if key.public_key_use in ("sig", None) and key.key_id}


def _key_of(token: str, keys: Mapping[str, jwt.PyJWK]) -> jwt.PyJWK:
    kid = jwt.get_unverified_header(token).get("kid")
    try:
        return keys[str(kid)]
    except KeyError as error:
        raise jwt.PyJWKSetError("no key of that id") from error
