"""The long-running exporter: wires store, ledger, jobs, watcher, gRPC and metrics, and takes them down in order."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from carabin.registry.artifacts.signing import signer_from_settings
from carabin.registry.disk import remove_abandoned
from carabin.registry.errors import ClockSkewed
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore, require_conditional_writes
from carabin.service import metrics as metrics_server
from carabin.service.access.factory import make_authenticator, refuse_insecure, server_credentials
from carabin.service.grpc import GrpcServer, start_server
from carabin.service.shutdown import StopFlag
from carabin.service.threads import ThreadSupervisor
from prometheus_client import REGISTRY, CollectorRegistry

from .grpc_api import ExporterServicer, exporter_service
from .jobs.ledger import Ledger
from .jobs.pipeline import SCRATCH, Exporter
from .jobs.queue import MAX_WAITING, Jobs
from .jobs.records import owner_name
from .jobs.watcher import CheckpointWatcher
from .metrics import ExporterMetrics
from .settings import ExporterSettings

log = logging.getLogger(__name__)

DRAIN_S: Final = 20.0
"""How long a running export may take to reach its next step; then the process ends and its lease runs out."""


CHECK_S: Final = 5.0
"""Between two looks at the threads: below the 10 s of a cluster's probe."""
CLOCK_PAUSE_S: Final = 1.0
"""Between two attempts to begin while the store refuses this machine's time."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started exporter."""

    grpc_port: int
    metrics_port: int
    _server: GrpcServer
    _threads: ThreadSupervisor

    def check_threads(self) -> tuple[str, ...]:
        """Report "not serving" to health checks if a thread died; return the names of the dead ones."""
        dead = self._threads.dead()
        if dead:
            self._server.set_serving(False)
            log.critical("threads died: %s", ", ".join(dead), extra={"event": "threads_dead", "threads": list(dead)})
        return dead


@contextmanager
def running(
    settings: ExporterSettings,
    store: ObjectStore,
    store_settings: StoreSettings,
    registry: CollectorRegistry = REGISTRY,
    stop: StopFlag | None = None,
) -> Iterator[Running]:
    """Run the exporter for as long as the context lasts.

    Args:
        stop: ends the wait for a clock that is wrong at the start.

    Raises:
        ConditionsIgnored: the store cannot keep two exporters apart.
        ClockSkewed: `stop` was set while the store refused this machine's time.
        InsecureListening: the settings would let strangers in.
        PortTaken: another program listens on one of the ports.
    """
    authenticator = make_authenticator(settings)
    refuse_insecure(settings, authenticator)
    _require_store(store, store_settings.models_bucket, stop or StopFlag())
    remove_abandoned(settings.work, SCRATCH)
    models = store_settings.models_bucket
    ledger = Ledger(store, models, owner_name(), ttl=timedelta(seconds=settings.lease_s))
    metrics = ExporterMetrics(registry)
    threads = ThreadSupervisor(registry)
    exporter = Exporter(store, models, ledger, settings.work, signer_from_settings(), threads)
    jobs = Jobs(exporter, metrics, MAX_WAITING, threads)
    servicer = ExporterServicer(store, store_settings.checkpoints_bucket, ledger, jobs, settings)
    with ExitStack() as stack:
        metrics_port = metrics_server.serve(
            settings.metrics_port, settings.host, registry, header_timeout_s=settings.header_timeout_s
        )
        stack.callback(metrics_port.close)
        jobs.start()
        stack.callback(jobs.stop, DRAIN_S)
        server = start_server(
            [exporter_service(servicer)],
            settings.grpc_port,
            host=settings.host,
            credentials=server_credentials(settings),
            authenticator=authenticator,
            header_timeout_s=settings.header_timeout_s,
        )
        stack.callback(server.stop)
        if settings.watch != "none":
            watcher = CheckpointWatcher(
                store, store_settings.checkpoints_bucket, ledger, jobs, settings, metrics, threads
            )
            watcher.start()
            stack.callback(watcher.stop)
        ports = Running(server.port, metrics_port.port, server, threads)
        log.info("ready", extra={"event": "ready", "grpc_port": ports.grpc_port, "metrics_port": ports.metrics_port})
        yield ports
        log.info("stopping", extra={"event": "stopping"})


def _require_store(store: ObjectStore, bucket: str, stop: StopFlag) -> None:
    """Make sure that the store can be used; a clock that is wrong, as one is after a boot, is waited for."""
    while True:
        try:
            require_conditional_writes(store, bucket)
            return
        except ClockSkewed as error:
            log.warning(str(error), extra={"event": "clock_skewed"})
            if stop.wait(CLOCK_PAUSE_S):
                raise


def serve(settings: ExporterSettings, store: ObjectStore, store_settings: StoreSettings, stop: StopFlag) -> None:
    """Run the exporter until `stop` is set; while one of its threads is dead, its health checks fail."""
    with running(settings, store, store_settings, stop=stop) as exporter:
        while not stop.wait(CHECK_S):
            exporter.check_threads()
