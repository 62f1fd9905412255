"""The public keys that an issuer signs its tokens with: from a file, or from the issuer itself."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import jwt
from carabin.service.errors import SettingInvalid

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

    Raises:
        SettingInvalid: it cannot be read, or holds no keys.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._keys = _by_id(json.loads(path.read_text()))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise SettingInvalid(f"CARABIN_TRANSCRIBER_OIDC_JWKS_FILE={path}: no JWKS can be read there") from error

    def get_signing_key_from_jwt(self, token: str) -> Any:
        return _key_of(token, self._keys)


class FetchedKeys:
    """The keys at a URL, kept, and fetched again when they are old or when a new one signs.

    While the issuer does not answer, the keys that are known go on: an outage there ends no dictation here.

    Args:
        clock: any steady clock, in seconds.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetching = threading.Lock()
        self._asked_at = self._fetched_at = float("-inf")
        self._answered = False

    def get_signing_key_from_jwt(self, token: str) -> Any:
        known = str(jwt.get_unverified_header(token).get("kid")) in self._keys
        if not known:
            self._refresh(wait=True)
        elif self._clock() - self._fetched_at > MAX_AGE_S:
            # One caller asks; the others need not wait for it.
            self._refresh(wait=False)
        try:
            return _key_of(token, self._keys)
        except jwt.PyJWKSetError:
            if not self._answered:
                raise jwt.PyJWKClientConnectionError("the issuer's keys cannot be fetched") from None
            raise

    def fetch(self) -> None:
        """Ask the issuer now, so that what is wrong with its address stands in the log from the start."""
        self._refresh(wait=True)

    def _refresh(self, *, wait: bool) -> None:
        if not self._fetching.acquire(blocking=wait):
            return
        try:
            if self._clock() - self._asked_at >= REFETCH_S:
                self._asked_at = self._clock()
                self._ask()
        finally:
            self._fetching.release()

    def _ask(self) -> None:
        try:
            self._keys = _by_id(fetch_json(self._url))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            self._answered = False
            log.error(
                "the issuer's keys cannot be fetched: tokens with a new key are refused, known keys go on",
                extra={"event": "jwks_unreachable", "url": self._url, "known": len(self._keys), "reason": str(error)},
            )
        else:
            self._answered = True
            self._fetched_at = self._clock()
            log.info("issuer's keys", extra={"event": "jwks_fetched", "url": self._url, "known": len(self._keys)})


def discover(issuer: str) -> str:
    """Return where the issuer's keys are, as its discovery document says (OpenID Connect Discovery 1.0, section 4).

    Raises:
        SettingInvalid: the document cannot be fetched, or is another issuer's.
    """
    variable = f"CARABIN_TRANSCRIBER_OIDC_ISSUER={issuer}"
    require_private(variable, issuer)
    try:
        document = fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        named, url = str(document["issuer"]), str(document["jwks_uri"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingInvalid(
            f"{variable}: its discovery document cannot be fetched ({error}); "
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
