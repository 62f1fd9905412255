"""The page's files, under a policy that lets nothing foreign in."""

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

SECURITY_HEADERS: Final = MappingProxyType(
    {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), hid=(self), camera=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
)
STATIC: Final = Path(str(files(__package__).joinpath("static")))

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def security_headers(parents: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of everything that the page is made of.

    Args:
        parents: origins that may show the page in a frame; nobody by default.
    """
    ancestors = " ".join(parents) or "'none'"
    policy = (
        f"default-src 'none'; script-src 'self' {' '.join(_inline_hashes())}; style-src 'self'; connect-src 'self'; "
        f"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; "
        "require-trusted-types-for 'script'; trusted-types ProseMirrorClipboard"
    )
    return {"Content-Security-Policy": policy, **SECURITY_HEADERS}


def add_pages(app: FastAPI, headers: dict[str, str]) -> None:
    """Serve the page at `/` and its files under `/web/`; ETags spare the second download."""
    index = (STATIC / "index.html").read_bytes()

    async def page() -> Response:
        return Response(index, media_type="text/html", headers=headers)

    app.add_api_route("/", page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/web", _PageFiles(headers))


class _PageFiles(StaticFiles):
    """Static files with the page's headers."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(directory=STATIC)
        self._headers = headers

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response


def _inline_hashes() -> list[str]:
    """Return what the policy calls the page's one inline script.

    It adds the last slash to an address that lacks it, and loads the page anew where a script of it did not arrive; a
    file could do neither, as its own address would be wrong, or it may be the one that is missing.
    """
    found = _INLINE.findall((STATIC / "index.html").read_text("utf-8"))
    return [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in found]
