"""The composition root: from settings to a running service, for `carabin-transcriber` and `carabin serve` alike."""

import asyncio
from functools import partial
from pathlib import Path

from carabin.registry.connect import connect, store_settings
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.store import ObjectStore
from carabin.service.threads import ThreadSupervisor

from .core.memory import bound_heap
from .http.app import make_parts
from .http.server import OnListening, Server
from .inference.ct2 import Ct2Engine, has_gpu
from .inference.engine import Engine
from .inference.model_files import require_files
from .metrics import Metrics
from .models.lexicons import Lexicons
from .models.source import FolderSource, ModelSource, RegistrySource
from .runtime.transcriber import LiveTranscriber
from .scheduling.mel_workers import GPU_MEL_WORKERS
from .settings.model import TranscriberSettings
from .settings.server import ServerSettings


def run(
    server_settings: ServerSettings,
    settings: TranscriberSettings,
    on_listening: OnListening | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return.

    Raises:
        InsecureListening: the settings would let strangers in.
        PortTaken: another program listens on one of the ports.
        StoreNotConfigured: models come from the registry and no store is configured.
        ModelBroken: `model_dir` is no folder of a model.
    """
    bound_heap()
    asyncio.run(serve(server_settings, settings, on_listening))


async def serve(
    server_settings: ServerSettings,
    settings: TranscriberSettings,
    on_listening: OnListening | None = None,
) -> None:
    """See `run`; on an event loop that is there already."""
    transcriber = make_transcriber(settings)
    parts = make_parts(transcriber, server_settings, transcriber.metrics.registry, transcriber.vocabulary_names)
    if settings.model_dir is not None:
        # A folder that lacks files will not load later either: refused before anybody is let in to wait for it.
        require_files(settings.model_dir, str(settings.model_dir))
    await Server(parts, on_listening).serve()


def make_transcriber(
    settings: TranscriberSettings,
    *,
    store: ObjectStore | None = None,
    bucket: str | None = None,
    metrics: Metrics | None = None,
) -> LiveTranscriber:
    """Wire the parts that the settings name.

    Args:
        store: None connects by the environment, or to the embedded store of this machine.
        bucket: the models' bucket; None takes the store settings' own.

    Raises:
        StoreNotConfigured: models come from the registry and no store is configured.
    """
    metrics = metrics or Metrics()
    threads = ThreadSupervisor(metrics.registry)
    lexicons = Lexicons()
    on_gpu = has_gpu(settings.device)
    source: ModelSource
    if settings.model_dir is not None:
        source = FolderSource(settings.model_dir, lexicons, settings.vocabulary_dir)
    else:
        source = RegistrySource(
            settings.model_name,
            settings.cache_dir,
            lexicons,
            metrics,
            threads,
            store=store or connect(),
            bucket=bucket or store_settings().models_bucket,
            poll_s=settings.poll_s,
        )
    return LiveTranscriber(
        settings,
        source,
        partial(_load, settings, on_gpu),
        metrics=metrics,
        lexicons=lexicons,
        threads=threads,
        workers=1 if on_gpu else settings.workers,
        mel_workers=GPU_MEL_WORKERS if on_gpu else 0,
    )


def compute_type(chosen: str, on_gpu: bool) -> str:
    """Return the type that CTranslate2 computes in: the one that was chosen, or for `auto` the device's own."""
    if chosen != "auto":
        return chosen
    return "float16" if on_gpu else "int8"


def _load(settings: TranscriberSettings, on_gpu: bool, folder: Path, version: str, windows: WindowPolicy) -> Engine:
    return Ct2Engine(
        folder,
        version=version,
        device="cuda" if on_gpu else "cpu",
        compute_type=compute_type(settings.compute_type, on_gpu),
        replicas=settings.workers,
        windows=windows,
    )
