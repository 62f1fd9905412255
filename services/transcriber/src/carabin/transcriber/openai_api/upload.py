"""Reads the form of an upload: into memory alone, because dictated audio must not reach a disk."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from ..core.config import SessionConfig, Task
from ..core.errors import InvalidConfig
from ..core.languages import normalise_language
from ..wire.errors import BadFormField, BadMessage, FrameTooLarge, UploadTooSlow
from .budget import UploadReservation
from .fields import FormFields
from .formats import FORMATS

MAX_FIELDS = 100
GRANULARITIES = ("segment", "word")
TASKS = ("transcribe", "translate")
_SENT_AS = MappingProxyType({"initial_prompt": "prompt"})
"""A field of `SessionConfig` -> its name in the form, where that is another."""
STALL_S = 30.0
"""How long nothing may come of an upload: it holds memory and a place that others wait for."""
LEAST_BYTES_PER_S = 8_000
"""On average, from `STALL_S` on: a quarter of what 16 kHz at 16 bits takes, and less than any line carries."""


@dataclass(frozen=True, slots=True)
class AudioUpload:
    """One file and what its sender wants of it."""

    file: BinaryIO
    config: SessionConfig
    response_format: str
    stream: bool
    model: str | None = None
    """What its sender named, served or not."""
    name: str = ""
    """Of the file, as its sender says; the bytes decide what it is, but for what has no header."""


class _TooMuch(MultiPartException):
    """Of this kind so that the parser closes what it has opened."""


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40


async def read_form(request: Request, limit: int, reservation: UploadReservation) -> FormData:
    """Parse a multipart body of at most `limit` bytes.

    Raises:
        BadMessage: it is no multipart form.
        FrameTooLarge: there is more; reading stops there, or does not begin where the header says so.
        UploadsFull: the server holds too many bytes of uploads already.
        UploadTooSlow: the client stays, and sends nothing or hardly anything.
        ClientDisconnect: the client left.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadMessage("send the recording as the field `file` of a multipart/form-data body")
    try:
        declared = request.headers.get("content-length", "")
        n_bytes = int(declared) if declared.isdecimal() else 0
        if n_bytes > limit:
            raise _TooMuch(f"the upload has {n_bytes} bytes: {limit} are allowed")
        reservation.require_room(n_bytes)
        body = _limited(request, limit, reservation)
        parser = _InMemory(request.headers, body, max_files=1, max_fields=MAX_FIELDS)
        return await parser.parse()
    except _TooMuch as error:
        raise FrameTooLarge(error.message) from error
    except (MultiPartException, KeyError) as error:
        why = ": send one file at a time" if "Too many files" in str(getattr(error, "message", "")) else ""
        raise BadMessage(f"the multipart body cannot be parsed{why}") from error


def parse_upload(form: FormData, default_language: str | None, task: Task = "transcribe") -> AudioUpload:
    """Read the fields of OpenAI's API and ours.

    Args:
        task: of the route that was called; the field `task` may ask for a translation of the other as well.

    Raises:
        BadFormField, UnsupportedLanguage
    """
    file = _only_file(form)
    fields = FormFields.of(form)
    fields.refuse_unsupported()
    response_format = fields.choice("response_format", FORMATS) or "json"
    granularities = fields.choices("timestamp_granularities", GRANULARITIES)
    # A subtitle for each sentence takes the times of its words.
    word_timestamps = "word" in granularities or response_format in ("srt", "vtt")
    task = "translate" if fields.choice("task", TASKS) == "translate" else task
    try:
        config = _config(fields, default_language, task, word_timestamps=word_timestamps)
    except InvalidConfig as error:
        raise BadFormField(_SENT_AS.get(error.field, error.field), error.reason) from error
    named = file.filename or ""
    return AudioUpload(file.file, config, response_format, fields.flag("stream"), fields.text("model"), named)


def _config(fields: FormFields, default_language: str | None, task: Task, *, word_timestamps: bool) -> SessionConfig:
    vocabularies = fields.text("vocabularies") or ""
    return SessionConfig(
        language=normalise_language(fields.text("language") or default_language),
        task=task,
        hotwords=fields.text("hotwords"),
        initial_prompt=fields.text("prompt"),
        vocabularies=tuple(name.strip() for name in vocabularies.split(",") if name.strip()),
        word_timestamps=word_timestamps,
        partials=False,
    )


def _only_file(form: FormData) -> UploadFile:
    files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    if not files or files[0][0] != "file":
        other = f", not as {files[0][0][:40]!r}" if files else ""
        raise BadFormField("file", f"is missing: send the recording as a file field{other}")
    return files[0][1]


async def _limited(request: Request, limit: int, reservation: UploadReservation) -> AsyncGenerator[bytes, None]:
    n_bytes, chunks = 0, request.stream()
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        latest = min(clock() + STALL_S, began + STALL_S + n_bytes / LEAST_BYTES_PER_S)
        try:
            async with asyncio.timeout_at(latest):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise UploadTooSlow(f"the upload stopped: {n_bytes} bytes came in {clock() - began:.0f} s") from error
        if chunk is None:
            return
        n_bytes += len(chunk)
        if n_bytes > limit:
            raise _TooMuch(f"the upload has more than the {limit} bytes that are allowed")
        reservation.grow_to(n_bytes)
        yield chunk
