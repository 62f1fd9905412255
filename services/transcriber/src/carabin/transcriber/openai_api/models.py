"""Which model answers: OpenAI's list of models, which has the one in use, and our own account of it."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from ..core.api import ModelInfo, Transcriber


def add_model_routes(app: FastAPI, transcriber: Transcriber) -> None:
    """Mount `/v1/models`, `/v1/models/VERSION` and `/v1/model`."""

    @app.get("/v1/models")
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": _served(transcriber.model)})

    @app.get("/v1/models/{version:path}")
    async def one_model(version: str) -> Response:
        for model in _served(transcriber.model):
            if model["id"] == version:
                return JSONResponse(model)
        error = {
            "message": "this model does not answer here: GET /v1/models lists the one that does",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
        return JSONResponse({"error": error}, status_code=404)

    @app.get("/v1/model")
    async def current_model() -> Response:
        info = asdict(transcriber.model)
        info["loaded_at"] = info["loaded_at"].isoformat() if info["loaded_at"] else None
        return JSONResponse(info)


def _served(info: ModelInfo) -> list[dict[str, Any]]:
    """Return the version in use as OpenAI's `model` object; an upload's `model` may have any value."""
    if info.version is None:
        return []
    created = int(info.loaded_at.timestamp()) if info.loaded_at else 0
    return [{"id": info.version, "object": "model", "created": created, "owned_by": "carabin"}]
