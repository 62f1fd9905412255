"""Serves the page, its files and what it has to know, under a policy that lets nothing foreign in."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from carabin.registry.connect import connect
from carabin.registry.store import ObjectStore
from fastapi import FastAPI, HTTPException
from starlette.responses import JSONResponse, Response

from ..access.identity import Authenticator
from ..corrections.errors import CorrectionsMisconfigured
from ..corrections.policy import correction_policy
from ..corrections.routes import add_correction_routes
from ..corrections.store import CorrectionStore
from ..settings.web import WebSettings
from .autotexts import AutoText, load_autotexts

SECURITY_HEADERS: Final = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
)
"""No inline script, no foreign resource, no frame around us."""

_TYPES = {".svg": "image/svg+xml", ".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def mount_web(
    app: FastAPI,
    *,
    settings: WebSettings | None = None,
    vocabularies: Callable[[], Sequence[str]] = tuple,
    authenticator: Authenticator | None = None,
    origins: Sequence[str] = (),
    store: ObjectStore | None = None,
) -> None:
    """Serve the page at `/`, its files under `/web/`, and corrections where the site keeps them.

    Args:
        settings: by default those of the environment.
        vocabularies: returns the names that the page offers; asked anew each time the page is opened.
        authenticator: says who sends a correction; needed where corrections are kept.
        origins: pages beside our own that may send corrections.
        store: where corrections go; by default the store of the environment.

    Raises:
        AutoTextInvalid: a file in the folder of auto-texts cannot be one.
        CorrectionsMisconfigured: corrections are kept without a salt, or from people who need no credential.
    """
    settings = settings or WebSettings.load()
    _add_page(app, settings, vocabularies)
    policy = correction_policy(settings)
    if policy.retention != "none":
        if authenticator is None or not authenticator.required:
            raise CorrectionsMisconfigured(
                "corrections are kept and nobody has to say who they are, so anybody could delete everybody's: "
                "set CARABIN_TRANSCRIBER_API_KEYS or _OIDC_ISSUER, or CARABIN_TRANSCRIBER_CORRECTIONS=none"
            )
        add_correction_routes(app, CorrectionStore(store or connect(), policy), authenticator, origins)


def _add_page(app: FastAPI, settings: WebSettings, vocabularies: Callable[[], Sequence[str]]) -> None:
    autotexts = _autotexts(settings)
    pages = {name: _StaticFile(name) for name in _names()}

    async def index() -> Response:
        return pages["index.html"].response()

    async def file(name: str) -> Response:
        if name not in pages:
            raise HTTPException(404, f"there is no page file {name[:80]!r}")
        return pages[name].response()

    async def page_settings() -> JSONResponse:
        labels = {name: text.label for name, text in autotexts.items()}
        return _json({"vocabularies": list(vocabularies()), "autotexts": labels, "retention": settings.corrections})

    async def autotext(name: str) -> JSONResponse:
        if name not in autotexts:
            raise HTTPException(404, f"there is no auto-text {name[:80]!r}")
        return _json({"text": autotexts[name].filled()})

    app.add_api_route("/", index, include_in_schema=False)
    app.add_api_route("/web/settings.json", page_settings, include_in_schema=False)
    app.add_api_route("/web/autotexts/{name}", autotext, include_in_schema=False)
    app.add_api_route("/web/{name}", file, include_in_schema=False)


class _StaticFile:
    """One file of the page, read once."""

    def __init__(self, name: str) -> None:
        self._content = files(__package__).joinpath("static", name).read_bytes()
        self._type = _TYPES["." + name.rpartition(".")[2]]

    def response(self) -> Response:
        return Response(self._content, media_type=self._type, headers=dict(SECURITY_HEADERS))


def _names() -> list[str]:
    static = files(__package__).joinpath("static")
    return sorted(entry.name for entry in static.iterdir() if "." + entry.name.rpartition(".")[2] in _TYPES)


def _json(content: Any) -> JSONResponse:
    return JSONResponse(content, headers=dict(SECURITY_HEADERS))


def _autotexts(settings: WebSettings) -> dict[str, AutoText]:
    services = [name.strip() for name in settings.autotext_services.split(",") if name.strip()]
    return load_autotexts(settings.autotext_dir, services or None)
