"""The address of an object store, as people write it: host, host:port, or a URL of the two without a path."""

from urllib.parse import urlsplit

_SCHEMES = {"http": False, "https": True}


def split_scheme(text: str) -> tuple[bool | None, str]:
    """Return whether the address asks for TLS, None where it has no scheme of ours, and the rest of it."""
    scheme, separator, rest = text.strip().partition("://")
    if separator and scheme.lower() in _SCHEMES:
        return _SCHEMES[scheme.lower()], rest.removesuffix("/")
    return None, text.strip()


def require_host_and_port(text: str) -> str:
    """Return `text` if it is host or host:port; an IPv6 address stands in brackets.

    Raises:
        ValueError: it is something else; the sentence says what is too much or missing.
    """
    if "://" in text:
        raise ValueError(f"{text.partition('://')[0]}:// is not understood: give host:port, http:// or https://")
    if any(char.isspace() for char in text):
        raise ValueError("it holds a space: give host:port")
    try:
        parts = urlsplit(f"//{text}")
    except ValueError as error:
        raise ValueError("it names no host: an IPv6 address stands in brackets, as in [::1]:9000") from error
    if "@" in parts.netloc:
        raise ValueError("it holds a user or a password: give host:port, and the keys by their own settings")
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"it goes on after {parts.netloc!r}: give host:port without a path")
    if not parts.hostname:
        raise ValueError("it names no host: give host:port")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("its port is not a number from 1 to 65535")
    return text
