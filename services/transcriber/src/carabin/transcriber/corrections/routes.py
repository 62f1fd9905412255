"""`POST /v1/corrections` keeps one, `DELETE /v1/corrections` forgets all of the caller's own."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from carabin.registry.errors import RegistryError
from carabin.service.access.identity import Authenticator, Identity, bearer
from carabin.service.errors import AccessRefused
from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from ..access.origins import require_origin
from ..wire.status import sentence_of, status_of
from .errors import CorrectionMalformed, CorrectionRefused, CorrectionsOff, CorrectionTooLarge
from .metrics import CorrectionMetrics
from .store import MAX_AUDIO_CHARS, MAX_TEXT, Correction, CorrectionStore

log = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = MAX_AUDIO_CHARS + 3 * 12 * MAX_TEXT + 4096
"""JSON writes a character in twelve bytes at most (two escaped surrogates); the rest is short."""
_STATUS: Final = {CorrectionsOff: 403, CorrectionMalformed: 422, CorrectionTooLarge: 413}


def add_correction_routes(
    app: FastAPI,
    corrections: CorrectionStore,
    authenticator: Authenticator,
    origins: Sequence[str] = (),
    metrics: CorrectionMetrics | None = None,
) -> None:
    """Serve the corrections of one site.

    Args:
        origins: pages beside our own that may send corrections.
        metrics: counts those that are kept.
    """

    async def identify(request: Request) -> Identity:
        require_origin(request.headers, origins)
        return await authenticator.identify(bearer(request.headers.get("authorization")))

    async def keep(request: Request) -> JSONResponse:
        try:
            identity = await identify(request)  # before anything of the body is read
            correction = await _read(request)
            kept = await asyncio.to_thread(corrections.keep, identity.name, correction)
        except (AccessRefused, CorrectionRefused, RegistryError) as error:
            return _refusal(error)
        if metrics is not None:
            metrics.kept(correction.model_version)
        # Who and when is in the record under a pseudonym; neither text nor name goes into the log.
        log.info("correction kept", extra={"event": "correction_kept", "id": kept.id, "person": kept.person})
        return JSONResponse({"id": kept.id, "expires_at": kept.expires_at.isoformat()}, 201)

    async def forget(request: Request) -> JSONResponse:
        try:
            identity = await identify(request)
            deleted = await asyncio.to_thread(corrections.forget, identity.name)
        except (AccessRefused, RegistryError) as error:
            return _refusal(error)
        log.info("corrections deleted", extra={"event": "corrections_deleted", "count": deleted})
        return JSONResponse({"deleted": deleted})

    app.add_api_route("/v1/corrections", keep, methods=["POST"], response_model=None)
    app.add_api_route("/v1/corrections", forget, methods=["DELETE"], response_model=None)


async def _read(request: Request) -> Correction:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise CorrectionTooLarge(f"a correction has {MAX_BODY_BYTES} bytes at most")
    except ClientDisconnect:
        raise CorrectionMalformed("not a correction: the body breaks off") from None
    try:
        return Correction.model_validate_json(bytes(body))
    except ValidationError as error:  # Its own text repeats what was sent.
        found = error.errors(include_url=False, include_context=False, include_input=False)
        faults = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the body'}: {each['msg']}" for each in found)
        raise CorrectionMalformed(f"not a correction: {faults}") from None


def _refusal(error: Exception) -> JSONResponse:
    if isinstance(error, CorrectionRefused):
        return _problem(_STATUS.get(type(error), 400), str(error))
    if isinstance(error, RegistryError):
        log.error("corrections cannot be stored", extra={"event": "correction_failed", "error": str(error)})
        return _problem(503, "the store does not answer: the correction was not kept")
    return _problem(status_of(error).http, sentence_of(error))


def _problem(status: int, sentence: str) -> JSONResponse:
    body: dict[str, Any] = {"error": {"message": sentence}}
    return JSONResponse(body, status)
