"""The long-running exporter: wires store, ledger, jobs, watcher, gRPC and metrics, and takes them down in order."""

import logging
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore, require_conditional_writes
from carabin.service import metrics as metrics_server
from carabin.service.grpc import start_server
from carabin.service.shutdown import StopFlag
from prometheus_client import REGISTRY, CollectorRegistry

from .grpc_api import ExporterServicer, exporter_service
from .jobs.ledger import Ledger
from .jobs.pipeline import Exporter
from .jobs.queue import Jobs
from .jobs.watcher import CheckpointWatcher
from .metrics import ExporterMetrics
from .publishing.signing import signer_from_settings
from .settings import ExporterSettings

log = logging.getLogger(__name__)

DRAIN_S: Final = 20.0
"""How long a running export may take to reach its next step; then the process ends and its lease runs out."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started exporter."""

    grpc_port: int
    metrics_port: int


def owner_name() -> str:
    """Return a name for leases: host and process for people, and a part of its own for every start."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


@contextmanager
def running(
    settings: ExporterSettings,
    store: ObjectStore,
    store_settings: StoreSettings,
    registry: CollectorRegistry = REGISTRY,
) -> Iterator[Running]:
    """Run the exporter for as long as the context lasts.

    Raises:
        ConditionsIgnored: the store cannot keep two exporters apart.
        PortTaken: another program listens on one of the ports.
    """
    require_conditional_writes(store, store_settings.models_bucket)
    models = store_settings.models_bucket
    ledger = Ledger(store, models, owner_name(), ttl=timedelta(seconds=settings.lease_s))
    metrics = ExporterMetrics(registry)
    exporter = Exporter(store, models, ledger, settings.work, signer_from_settings())
    jobs = Jobs(exporter, metrics, settings.max_waiting)
    servicer = ExporterServicer(store, store_settings.checkpoints_bucket, ledger, jobs, settings)
    with ExitStack() as stack:
        metrics_port = metrics_server.serve(settings.metrics_port, settings.host, registry)
        stack.callback(metrics_port.close)
        jobs.start()
        stack.callback(jobs.stop, DRAIN_S)
        server = start_server([exporter_service(servicer)], settings.grpc_port, host=settings.host)
        stack.callback(server.stop)
        if settings.watch != "none":
            watcher = CheckpointWatcher(store, store_settings.checkpoints_bucket, ledger, jobs, settings, metrics)
            watcher.start()
            stack.callback(watcher.stop)
        ports = Running(server.port, metrics_port.port)
        log.info("ready", extra={"event": "ready", "grpc_port": ports.grpc_port, "metrics_port": ports.metrics_port})
        yield ports
        log.info("stopping", extra={"event": "stopping"})


def serve(settings: ExporterSettings, store: ObjectStore, store_settings: StoreSettings, stop: StopFlag) -> None:
    """Run the exporter until `stop` is set."""
    with running(settings, store, store_settings):
        stop.wait()
