"""One HTTP port: WhisperLive at any path, probes, the OpenAI-compatible upload, the web page, metrics by default."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from carabin.service.access.factory import make_authenticator, refuse_insecure
from carabin.service.access.identity import Authenticator
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from ..core.api import Transcriber
from ..openai_api.routes import add_openai_routes
from ..settings.server import ServerSettings
from ..web import mount_web
from ..whisperlive.endpoint import WhisperLiveSocket
from ..whisperlive.resume import ResumableSessions
from ..whisperlive.websocket import SocketLimits
from ..wire.admission import Admission
from ..wire.metrics import WireMetrics
from ..wire.model_choice import listed
from .trace_context import TraceContext

FULL_HEADER = "X-Carabin-Full"
"""Of `/readyz`: whether the next session would be refused for want of room."""


@dataclass(frozen=True)
class Parts:
    """What the adapters of all protocols share."""

    transcriber: Transcriber
    settings: ServerSettings
    authenticator: Authenticator
    admission: Admission
    resume: ResumableSessions
    registry: CollectorRegistry
    vocabularies: Callable[[], Sequence[str]] = tuple
    """The names that the web page offers."""


def make_parts(
    transcriber: Transcriber,
    settings: ServerSettings,
    registry: CollectorRegistry,
    vocabularies: Callable[[], Sequence[str]] = tuple,
) -> Parts:
    """Build the shared parts.

    Raises:
        InsecureListening: the settings would let strangers in.
    """
    authenticator = make_authenticator(settings)
    refuse_insecure(settings, authenticator)
    admission = Admission(
        transcriber,
        sessions_per_identity=settings.sessions_per_identity,
        metrics=WireMetrics(registry),
        session_s=settings.session_hours * 3600,
    )
    resume = ResumableSessions(settings.resume_s)
    return Parts(transcriber, settings, authenticator, admission, resume, registry, vocabularies)


def create_app(parts: Parts) -> FastAPI:
    """Return the application; whoever serves it starts and stops the transcriber."""
    app = FastAPI(title="Carabin transcriber", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TraceContext)
    _add_websocket(app, parts)
    _add_probes(app, parts)
    add_openai_routes(app, parts.admission, parts.authenticator, parts.settings)
    mount_web(
        app,
        vocabularies=parts.vocabularies,
        models=[info.name for info in parts.transcriber.models],
        authenticator=parts.authenticator,
        origins=parts.settings.origin_list(),
        registry=parts.registry,
    )
    return app


def _add_websocket(app: FastAPI, parts: Parts) -> None:
    settings = parts.settings
    adapter = WhisperLiveSocket(
        parts.admission,
        parts.authenticator,
        parts.resume,
        origins=settings.origin_list(),
        default_language=settings.default_language,
        limits=SocketLimits(),
    )

    async def endpoint(socket: WebSocket) -> None:
        await adapter.serve(socket)

    app.router.routes.append(WebSocketRoute("/{path:path}", endpoint))


def _add_probes(app: FastAPI, parts: Parts) -> None:
    @app.get("/livez")
    async def livez() -> Response:
        dead = parts.transcriber.dead_threads()
        if dead:
            return JSONResponse({"status": "dead", "threads": list(dead)}, status_code=503)
        return JSONResponse({"status": "alive"})

    @app.get("/readyz")
    async def readyz() -> Response:
        readiness = parts.transcriber.readiness()
        ready, reason = (False, "draining") if parts.admission.draining else (readiness.ready, readiness.reason)
        version = parts.transcriber.model.version
        body = {
            "status": "ready" if ready else "not ready",
            "reason": reason,
            "model_version": version,
            "full": readiness.full,
            "models": {info.name: listed(info) for info in parts.transcriber.models},
        }
        # A full pod stays ready: it answers WAIT, keeps its dictations, and is not what a scale-down takes first.
        headers = {FULL_HEADER: str(readiness.full).lower()}
        return JSONResponse(body, status_code=200 if ready else 503, headers=headers)

    if parts.settings.metrics_port is None:

        @app.get("/metrics")
        async def metrics() -> Response:
            return Response(generate_latest(parts.registry), media_type=CONTENT_TYPE_LATEST)
