"""What the service sends to the page: its choices, its texts, and the words that the formatter knows."""

from collections.abc import Callable, Mapping, Sequence

from carabin.service.access.identity import ANONYMOUS
from carabin.service.errors import AccessRefused
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import JSONResponse, Response

from ..formatting.tables import spoken_commands, spoken_signs
from ..settings.web import WebSettings
from .access import PageAccess, refusal
from .autotexts import AutoText


def add_options(
    app: FastAPI,
    settings: WebSettings,
    *,
    access: PageAccess,
    autotexts: Mapping[str, AutoText],
    vocabularies: Callable[[], Sequence[str]],
    models: Sequence[str] = (),
    headers: Mapping[str, str],
) -> None:
    """Serve `/web/settings.json`, `/web/autotexts/{name}` and `/web/access`, to whoever may dictate."""

    async def page_settings(request: Request) -> Response:
        try:
            identity = await access.identify(request)
        except AccessRefused as error:
            return refusal(error)
        body = {
            "models": list(models),
            "vocabularies": list(vocabularies()),
            "autotexts": {name: text.label for name, text in autotexts.items()},
            "templates": {name: text.text for name, text in autotexts.items()},
            "retention": settings.corrections,
            "idle_s": settings.page_idle_s,
            "drafts": settings.page_drafts,
            "parents": list(settings.parent_list()),
            "document_type": settings.page_document_type,
            "author": None if identity.name == ANONYMOUS else identity.name,
            "commands": spoken_commands(),
            "signs": spoken_signs(),
        }
        return JSONResponse(body, headers=dict(headers))

    async def autotext(name: str, request: Request) -> Response:
        try:
            await access.identify(request)
        except AccessRefused as error:
            return refusal(error)
        if name not in autotexts:
            raise HTTPException(404, f"there is no auto-text {name[:80]!r}")
        text = autotexts[name]
        return JSONResponse({"text": text.filled()}, headers=dict(headers))

    app.add_api_route("/web/settings.json", page_settings, include_in_schema=False, response_model=None)
    app.add_api_route("/web/autotexts/{name}", autotext, include_in_schema=False, response_model=None)
    app.add_api_route("/web/access", access.check, methods=["POST"], include_in_schema=False, response_model=None)
