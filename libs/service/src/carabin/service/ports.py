"""Listening sockets, opened before anything else starts: a port that cannot be had is one sentence, and no log."""

import errno
import socket
from contextlib import ExitStack

from .errors import PortTaken

BACKLOG = 2048
"""Connections that may wait to be accepted; uvicorn's own number."""


def listen(host: str, port: int, name: str = "port") -> list[socket.socket]:
    """Return one listening socket for each address of `host`; the caller closes them.

    Args:
        port: 0 takes a free one, for each address its own.
        name: what the sentence calls the port.

    Raises:
        PortTaken: another program listens there, or the address cannot be listened on.
    """
    if not 0 <= port < 1 << 16:
        raise PortTaken(f"{name} {port} on {host} cannot be opened: ports go up to 65535")
    with ExitStack() as opened:
        try:
            addresses = {
                (family, address[0])
                for family, _, _, _, address in socket.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
                )
            }
            sockets = [
                opened.enter_context(socket.create_server((str(address), port), family=family, backlog=BACKLOG))
                for family, address in sorted(addresses)
            ]
        except OSError as error:
            raise PortTaken(f"{name} {port} on {host} cannot be opened: {_reason(error)}") from error
        opened.pop_all()
        return sockets


def require_free(host: str, port: int, name: str = "port") -> None:
    """Make sure that a port can be listened on, before a library tries that prints its failure by itself.

    Raises:
        PortTaken: it cannot.
    """
    if port:
        for opened in listen(host, port, name):
            opened.close()


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there"
    # create_server writes the address behind the system's own words.
    return str(error.strerror or error).partition(" (while")[0]
