"""Prometheus metrics over HTTP, on a port of their own; a client that takes too long to ask is let go of."""

import io
import socket
import sys
import time
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any, ClassVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app

from .access.settings import HEADER_TIMEOUT_S
from .errors import PortTaken
from .threads import SupervisedThread, ThreadSupervisor


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """A running endpoint, `http://<host>:<port>/metrics`."""

    port: int
    _server: WSGIServer
    _thread: SupervisedThread

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(
    port: int,
    host: str = "0.0.0.0",
    registry: CollectorRegistry = REGISTRY,
    *,
    header_timeout_s: float = HEADER_TIMEOUT_S,
) -> MetricsServer:
    """Serve `registry` in a thread; port 0 takes a free one.

    Args:
        header_timeout_s: within which a client sends its whole request, and then takes the whole answer.

    Raises:
        PortTaken: another program listens there.
    """
    handler = type("_Handler", (_Handler,), {"header_timeout_s": header_timeout_s})
    try:
        family, *_, (address, *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = type("_Listener", (_Listener,), {"address_family": family})
        server: WSGIServer = make_server(str(address), port, make_wsgi_app(registry), listener, handler)
    except OSError as error:
        raise PortTaken(f"metrics port {port} on {host} cannot be opened: {error.strerror or error}") from error
    thread = ThreadSupervisor().once("metrics", server.serve_forever)
    return MetricsServer(server.server_port, server, thread)


class _Listener(ThreadingMixIn, WSGIServer):
    """One thread for each request: a slow client keeps no other from being answered."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that left or was too slow."""
        if not isinstance(sys.exception(), TimeoutError | ConnectionError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    header_timeout_s: ClassVar[float]

    def setup(self) -> None:
        """Bound the time in which the request is read."""
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_TimedReader(self.connection, self.header_timeout_s))

    def parse_request(self) -> bool:
        """Read the headers, and bound the time in which the answer is taken."""
        parsed = super().parse_request()
        self.connection.settimeout(self.header_timeout_s)
        return parsed

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Log no request."""


class _TimedReader(io.RawIOBase):
    """Reads a socket until a deadline, however often a little comes."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what is there, or wait for it.

        Raises:
            TimeoutError: the deadline is over.
        """
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)
