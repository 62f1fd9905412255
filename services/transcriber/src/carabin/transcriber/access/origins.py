"""Which web pages may connect, and where a browser puts its token: it can set no header on a WebSocket."""

from collections.abc import Mapping, Sequence

from carabin.service.errors import Forbidden


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
