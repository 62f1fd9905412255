"""Who may read what the page needs: the same token and the same origins as for a dictation."""

from collections.abc import Sequence

from carabin.service.access.identity import Authenticator, Identity, NoAuthentication, bearer
from carabin.service.errors import AccessRefused
from fastapi import Request
from starlette.responses import JSONResponse

from ..access.origins import require_origin
from ..wire.status import sentence_of, status_of


class PageAccess:
    """Identifies the reader of a request."""

    def __init__(self, authenticator: Authenticator | None = None, origins: Sequence[str] = ()) -> None:
        self._authenticator = authenticator or NoAuthentication()
        self._origins = origins

    async def identify(self, request: Request) -> Identity:
        """Return who asks.

        Raises:
            AccessRefused: the token is missing or not valid, or the page's origin is not allowed.
        """
        require_origin(request.headers, self._origins)
        return await self._authenticator.identify(bearer(request.headers.get("authorization")))

    async def check(self, request: Request) -> JSONResponse:
        """Answer whether a dictation would be let in; a browser hides from a page why its WebSocket was refused.

        The body is empty where it would, else `{"code", "message"}` under the status of the refusal.
        """
        try:
            await self.identify(request)
        except AccessRefused as error:
            return refusal(error)
        return JSONResponse({})


def refusal(error: AccessRefused) -> JSONResponse:
    """Return the answer to somebody who may not read this; an origin's refusal has a code of its own."""
    status = status_of(error)
    return JSONResponse({"code": status.label, "message": sentence_of(error)}, status.http)
