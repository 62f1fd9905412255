"""`POST /v1/audio/transcriptions` as OpenAI's clients speak it, for files of any length, and `GET /v1/model`."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from carabin.service.audio import decode
from carabin.service.errors import AudioFileRefused
from carabin.service.tracing import current_trace_id
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from ..access import audit
from ..access.errors import AccessRefused
from ..access.identity import Authenticator, Identity, bearer
from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import Draining, Overloaded, TranscriberError
from ..core.events import Final
from ..settings.server import ServerSettings
from ..wire.admission import Admission
from ..wire.status import sentence_of, status_of
from . import formats as openai_formats
from .media import pieces
from .upload import AudioUpload, parse_upload, read_form

log = logging.getLogger(__name__)

PROTOCOL = "openai"
_session_numbers = itertools.count(1)


@dataclass
class _Job:
    """One upload on its way to text."""

    upload: AudioUpload
    identity: Identity
    address: str
    admission: Admission
    duration_s: float = 0.0
    finals: list[Final] = field(default_factory=list)

    async def run(self) -> AsyncIterator[Final]:
        """Transcribe piece after piece; the audit log hears of the start and of the end."""
        session = f"file-{next(_session_numbers)}"
        clock = self.admission.clock
        record = audit.AuditRecord(session, self.identity.name, PROTOCOL, current_trace_id(), self.address, clock())
        audit.opened(record)
        outcome = "lost"
        try:
            blocks = pieces(decode(self.upload.file))
            while (piece := await asyncio.to_thread(_next, blocks)) is not None:
                async for final in self.admission.transcriber.transcribe(piece, self.upload.config):
                    moved = openai_formats.moved(final, self.duration_s, len(self.finals))
                    self.finals.append(moved)
                    record.wrote(moved.model_version)
                    yield moved
                self.duration_s += len(piece) / SAMPLE_RATE_HZ
                record.audio_s = self.duration_s
            outcome = "ended"
        except Exception as error:
            outcome = status_of(error).label
            if outcome == "internal":
                log.error("a file failed", extra={"event": "file_failed", "error": type(error).__name__})
            raise
        finally:
            self.admission.closed(record, outcome)


def add_openai_routes(
    app: FastAPI, admission: Admission, authenticator: Authenticator, settings: ServerSettings
) -> None:
    """Mount the routes and the error answers in OpenAI's form."""

    @app.post("/v1/audio/transcriptions")
    async def transcriptions(request: Request) -> Response:
        # Whoever it is must be known before the body is read.
        identity = await authenticator.identify(bearer(request.headers.get("authorization")))
        async with AsyncExitStack() as stack:
            stack.enter_context(admission.place(identity))
            form = await read_form(request, settings.max_upload_bytes)
            stack.push_async_callback(form.close)
            upload = parse_upload(form, settings.default_language)
            address = request.client.host if request.client else ""
            job = _Job(upload, identity, address, admission)
            if upload.stream:
                return StreamingResponse(_events(job, stack.pop_all()), media_type="text/event-stream")
            async for _ in job.run():
                pass
        return _answer(job)

    @app.get("/v1/model")
    async def current_model() -> Response:
        info = asdict(admission.transcriber.model)
        info["loaded_at"] = info["loaded_at"].isoformat() if info["loaded_at"] else None
        return JSONResponse(info)

    @app.exception_handler(TranscriberError)
    @app.exception_handler(AudioFileRefused)
    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, AccessRefused | Draining):
            admission.refused(None, PROTOCOL, request.client.host if request.client else "", error)
        return _error(error)


def _answer(job: _Job) -> Response:
    text = openai_formats.full_text(job.finals)
    match job.upload.response_format:
        case "text":
            return PlainTextResponse(text + "\n")
        case "srt":
            return PlainTextResponse(openai_formats.srt(job.finals), media_type="application/x-subrip")
        case "vtt":
            return PlainTextResponse(openai_formats.vtt(job.finals), media_type="text/vtt")
        case "verbose_json":
            config = job.upload.config
            return JSONResponse(
                openai_formats.verbose(job.finals, job.duration_s, config.task, words=config.word_timestamps)
            )
    return JSONResponse({"text": text})


async def _events(job: _Job, place: AsyncExitStack) -> AsyncIterator[str]:
    """Yield OpenAI's streaming events; an error half-way is told in the stream, as its status is sent already."""
    async with place:
        try:
            async for final in job.run():
                delta = final.text if len(job.finals) > 1 else final.text.lstrip()
                yield openai_formats.sse({"type": "transcript.text.delta", "delta": delta})
        except Exception as error:
            yield openai_formats.sse({"type": "error", "error": _error_body(error)})
            return
    yield openai_formats.sse({"type": "transcript.text.done", "text": openai_formats.full_text(job.finals)})


def _error(error: Exception) -> Response:
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status.http == 401 else {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    elif status.http == 503:
        headers["Retry-After"] = "5"
    return JSONResponse({"error": _error_body(error)}, status_code=status.http, headers=headers)


def _error_body(error: Exception) -> dict[str, Any]:
    status = status_of(error)
    kind = "server_error" if status.http >= 500 else "invalid_request_error"
    return {"message": sentence_of(error), "type": kind, "param": None, "code": status.label}


def _next(blocks: Iterator[Samples]) -> Samples | None:
    return next(blocks, None)
