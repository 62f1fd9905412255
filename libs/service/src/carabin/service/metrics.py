"""Prometheus metrics over HTTP, on a port of their own."""

from dataclasses import dataclass
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server

from .errors import PortTaken


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """A running endpoint, `http://<host>:<port>/metrics`."""

    port: int
    _server: WSGIServer
    _thread: Thread

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(port: int, host: str = "0.0.0.0", registry: CollectorRegistry = REGISTRY) -> MetricsServer:
    """Serve `registry` in a thread; port 0 takes a free one.

    Raises:
        PortTaken: another program listens there.
    """
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise PortTaken(f"metrics port {port} on {host} cannot be opened: {error.strerror or error}") from error
    return MetricsServer(server.server_port, server, thread)
