"""OpenAI's `/v1/audio/transcriptions`, `/v1/audio/translations` and `/v1/models`, and our own `/v1/model`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from typing import Any

from carabin.service.access.identity import Authenticator, bearer
from carabin.service.errors import AccessRefused, AudioFileRefused, ResourcesExhausted
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ..access.origins import require_origin
from ..core.config import Task
from ..core.errors import Draining, TranscriberError
from ..settings.server import ServerSettings
from ..wire.admission import Admission
from ..wire.model_choice import chosen_model
from . import formats as openai_formats
from .budget import UploadBudget
from .errors import error_answer, error_body, not_served, partial
from .job import UploadJob
from .models import add_model_routes
from .upload import parse_upload, read_form

PROTOCOL = "openai"
WARNING_HEADER = "X-Carabin-Warning"
MAX_WARNINGS = 10
"""In the header; JSON has all."""
CLIENT_LEFT = 499
"""Nginx's status for it; nobody reads it."""


def add_openai_routes(
    app: FastAPI, admission: Admission, authenticator: Authenticator, settings: ServerSettings
) -> None:
    """Mount the routes and the error answers in OpenAI's form."""

    budget = UploadBudget(settings.upload_memory_bytes)

    @app.post("/v1/audio/transcriptions")
    async def transcriptions(request: Request) -> Response:
        return await written(request, "transcribe")

    @app.post("/v1/audio/translations")
    async def translations(request: Request) -> Response:
        return await written(request, "translate")

    async def written(request: Request, task: Task) -> Response:
        # Whoever it is must be known before the body is read, and a page of elsewhere has no body to send here.
        require_origin(request.headers, settings.origin_list())
        identity = await authenticator.identify(bearer(request.headers.get("authorization")))
        address = request.client.host if request.client else ""
        async with AsyncExitStack() as stack:
            reservation = stack.enter_context(budget.reserve(identity.name))
            with admission.place(identity):
                try:
                    form = await read_form(request, settings.max_upload_bytes, reservation)
                except ClientDisconnect:
                    return Response(status_code=CLIENT_LEFT)
                stack.push_async_callback(form.close)
                upload = parse_upload(form, settings.default_language, task)
                config = replace(upload.config, model=chosen_model(upload.model, admission.transcriber))
                await admission.wait_for_model(config.model)
            job = UploadJob(upload, admission.admit(config, identity, PROTOCOL, address, recording=True))
            stack.callback(job.close)
            if upload.stream:
                return _EventStream(_events(job), stack.pop_all())
            return await _answer_unless_gone(job, request)

    add_model_routes(app, admission.transcriber)

    @app.exception_handler(TranscriberError)
    @app.exception_handler(AccessRefused)
    @app.exception_handler(AudioFileRefused)
    @app.exception_handler(ResourcesExhausted)
    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, AccessRefused | Draining):
            admission.refused(None, PROTOCOL, request.client.host if request.client else "", error)
        return error_answer(error)

    app.exception_handler(HTTPException)(not_served)


def _answer(job: UploadJob) -> Response:
    text = openai_formats.full_text(job.finals)
    match job.upload.response_format:
        case "text":
            return PlainTextResponse(text + "\n")
        case "srt":
            return PlainTextResponse(openai_formats.srt(job.finals), media_type="application/x-subrip")
        case "vtt":
            return PlainTextResponse(openai_formats.vtt(job.finals), media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(openai_formats.verbose(job.finals, job.audio_s, job.upload.config) | _warnings(job))
    return JSONResponse({"text": text, **_warnings(job)})


async def _answer_unless_gone(job: UploadJob, request: Request) -> Response:
    """Transcribe and answer; a client that leaves ends the work."""
    working = asyncio.create_task(_finished(job))
    leaving = asyncio.create_task(_until_gone(request))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else Response(status_code=CLIENT_LEFT)
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


def _with_warnings(answer: Response, job: UploadJob) -> Response:
    if warnings := job.warnings():
        answer.headers[WARNING_HEADER] = "; ".join(warnings[:MAX_WARNINGS])
    return answer


def _warnings(job: UploadJob) -> dict[str, Any]:
    return {"warnings": warnings} if (warnings := job.warnings()) else {}


async def _finished(job: UploadJob) -> Response:
    """Return the whole transcript, or the error with what was transcribed before it."""
    try:
        async with aclosing(job.run()) as finals:
            async for _ in finals:
                pass
    except Exception as error:
        return error_answer(error, job)
    return _with_warnings(_answer(job), job)


async def _until_gone(request: Request) -> None:
    with suppress(ClientDisconnect):
        while (await request.receive())["type"] != "http.disconnect":
            pass


class _EventStream(StreamingResponse):
    """Server-sent events, and what is given back behind them, even where the client left before the first."""

    def __init__(self, events: AsyncIterator[str], held: AsyncExitStack) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)


async def _events(job: UploadJob) -> AsyncIterator[str]:
    """Yield OpenAI's streaming events; an error half-way is an event, as the status is sent already."""
    try:
        async with aclosing(job.run()) as finals:
            async for final in finals:
                delta = final.text if len(job.finals) > 1 else final.text.lstrip()
                yield openai_formats.sse({"type": "transcript.text.delta", "delta": delta})
    except Exception as error:
        yield openai_formats.sse({"type": "error", "error": error_body(error), **partial(job)})
        return
    done = {"type": "transcript.text.done", "text": openai_formats.full_text(job.finals)}
    yield openai_formats.sse(done | _warnings(job))
