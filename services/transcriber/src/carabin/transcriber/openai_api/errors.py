"""Errors in OpenAI's form, which its clients show."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from fastapi import Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ..wire.status import sentence_of, status_of
from . import formats
from .job import UploadJob

SERVED_BELOW = "/v1/"
LABELS = MappingProxyType({404: "unknown_url", 405: "method_not_allowed"})
RETRY_AFTER_S = 5.0
"""Where an error does not say when to come back."""


def error_answer(error: Exception, job: UploadJob | None = None) -> Response:
    """Return the answer to an error, with what was transcribed before it."""
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status.http == 401 else {}
    if status.http in (429, 503):
        headers["Retry-After"] = str(max(1, round(getattr(error, "retry_after_s", RETRY_AFTER_S))))
    return JSONResponse({"error": error_body(error), **partial(job)}, status_code=status.http, headers=headers)


def error_body(error: Exception) -> dict[str, Any]:
    """Return OpenAI's `error` object of one of our errors."""
    status = status_of(error)
    return error_object(status.http, sentence_of(error), status.label, getattr(error, "param", None))


def partial(job: UploadJob | None) -> dict[str, Any]:
    """Return what was transcribed before an error, where there is any."""
    if job is None or not job.finals:
        return {}
    return formats.verbose(job.finals, job.audio_s, replace(job.upload.config, word_timestamps=False))


async def not_served(request: Request, error: HTTPException) -> Response:
    """Answer a path or a method that is not served: in OpenAI's form where its clients ask, else as FastAPI does."""
    path = request.url.path
    if not path.startswith(SERVED_BELOW):
        return await http_exception_handler(request, error)
    label = LABELS.get(error.status_code, "bad_request")
    body = error_object(error.status_code, f"{request.method} {path[:200]}: {error.detail}", label)
    return JSONResponse({"error": body}, status_code=error.status_code, headers=error.headers)


def error_object(status: int, sentence: str, label: str, param: str | None = None) -> dict[str, Any]:
    """Return OpenAI's `error` object of an HTTP status, with our own sentence and label."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"message": sentence, "type": kind, "param": param, "code": label}
