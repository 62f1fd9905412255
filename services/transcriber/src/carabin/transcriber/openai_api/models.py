"""Which model answers: OpenAI's list of models, which has the one in use, and our own account of it."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from ..core.api import ModelInfo, Transcriber
from ..wire.model_choice import listed
from .errors import error_object


def add_model_routes(app: FastAPI, transcriber: Transcriber) -> None:
    """Mount `/v1/models`, `/v1/models/VERSION` and `/v1/model`."""

    @app.get("/v1/models")
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": _served(transcriber)})

    @app.get("/v1/models/{version:path}")
    async def one_model(version: str) -> Response:
        for model in _served(transcriber):
            if model["id"] == version:
                return JSONResponse(model)
        sentence = "this model does not answer here: GET /v1/models lists the one that does"
        error = error_object(404, sentence, "model_not_found", param="model")
        return JSONResponse({"error": error}, status_code=404)

    @app.get("/v1/model")
    async def current_model(name: str | None = None) -> Response:
        info = asdict(transcriber.model_named(name))
        info["loaded_at"] = info["loaded_at"].isoformat() if info["loaded_at"] else None
        return JSONResponse(info)


def _served(transcriber: Transcriber) -> list[dict[str, Any]]:
    """Return OpenAI's `model` objects.

    Of several models each by its name, loaded or not: that is what an upload's `model` chooses. Of one model the
    version in use, as an upload's `model` may have any value.
    """
    if len(transcriber.models) > 1:
        return [_object(info.name, info) | listed(info) for info in transcriber.models]
    info = transcriber.model
    return [] if info.version is None else [_object(info.version, info)]


def _object(identifier: str, info: ModelInfo) -> dict[str, Any]:
    created = int(info.loaded_at.timestamp()) if info.loaded_at else 0
    return {"id": identifier, "object": "model", "created": created, "owned_by": "carabin"}
