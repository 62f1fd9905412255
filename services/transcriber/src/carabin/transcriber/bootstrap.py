"""The composition root: from settings to a running service, for `carabin-transcriber` and `carabin serve` alike."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from carabin.registry.connect import connect, store_settings
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.store import ObjectStore
from carabin.service.memory import available_bytes
from carabin.service.threads import ThreadSupervisor

from .core.memory import bound_heap
from .http.app import make_parts
from .http.server import OnListening, Server
from .inference.ct2 import Ct2Engine, has_gpu
from .inference.engine import Engine
from .inference.model_files import require_files
from .metrics import Metrics
from .models.lexicons import Lexicons
from .models.source import FolderSource, RegistrySource
from .runtime.served_models import ModelParts
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
    free_bytes: Callable[[], int | None] = available_bytes,
) -> LiveTranscriber:
    """Wire the parts that the settings name.

    Args:
        store: None connects by the environment, or to the embedded store of this machine.
        bucket: the models' bucket; None takes the store settings' own.
        free_bytes: the memory that models may still take; None is read as enough.

    Raises:
        StoreNotConfigured: models come from the registry and no store is configured.
    """
    metrics = metrics or Metrics()
    threads = ThreadSupervisor(metrics.registry)
    on_gpu = has_gpu(settings.device)
    if settings.model_dir is not None:
        models = [_from_folder(settings, settings.model_dir)]
    else:
        store, bucket = store or connect(), bucket or store_settings().models_bucket
        models = _from_registry(settings, store, bucket, metrics, threads)
    return LiveTranscriber(
        settings,
        models,
        partial(_load, settings, on_gpu),
        metrics=metrics,
        threads=threads,
        workers=1 if on_gpu else settings.workers,
        mel_workers=GPU_MEL_WORKERS if on_gpu else 0,
        free_bytes=free_bytes,
    )


def _from_folder(settings: TranscriberSettings, folder: Path) -> ModelParts:
    lexicons = Lexicons()
    return ModelParts(settings.model_name, FolderSource(folder, lexicons, settings.vocabulary_dir), lexicons)


def _from_registry(
    settings: TranscriberSettings, store: ObjectStore, bucket: str, metrics: Metrics, threads: ThreadSupervisor
) -> list[ModelParts]:
    """Return one source for each name, each with its own watcher, cache folder, vocabularies and lexicons."""
    sources: list[RegistrySource] = []
    models: list[ModelParts] = []
    for name in settings.model_names:
        lexicons = Lexicons()
        source = RegistrySource(
            name,
            settings.cache_dir,
            lexicons,
            metrics,
            threads,
            store=store,
            bucket=bucket,
            poll_s=settings.poll_s,
        )
        sources.append(source)
        models.append(ModelParts(name, source, lexicons))
    metrics.store_away.set_function(lambda: float(any(source.store_away for source in sources)))
    return models


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
