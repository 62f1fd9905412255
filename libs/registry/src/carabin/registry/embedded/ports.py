"""Free ports on loopback for the embedded store, each with the twin that SeaweedFS opens for gRPC."""

import random
import socket

from ..errors import EmbeddedStoreFailed, PortInUse

LOOPBACK = "127.0.0.1"
TWIN_OFFSET = 10_000
"""SeaweedFS serves gRPC this far above each port."""
_FIRST, _LAST = 20_000, 22_000
"""Searched for free ports: neither they nor their twins are in the range that Linux gives to outgoing connections."""


def free_ports(count: int) -> list[int]:
    """Return `count` ports that are free at this moment, twins included, starting at random so that tests run abreast.

    Raises:
        EmbeddedStoreFailed: the machine has not so many.
    """
    ports: list[int] = []
    start = random.randrange(_LAST - _FIRST)
    for step in range(_LAST - _FIRST):
        port = _FIRST + (start + step) % (_LAST - _FIRST)
        if _is_free(port) and _is_free(port + TWIN_OFFSET):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise EmbeddedStoreFailed(f"no {count} free ports between {_FIRST} and {_LAST}")


def require_free(port: int) -> None:
    """Make sure that a port and its twin are free.

    Raises:
        PortInUse: one of them is not; the sentence names it.
    """
    if not 0 < port <= 65_535 - TWIN_OFFSET:
        raise PortInUse(f"port {port} cannot be used: choose one between 1 and {65_535 - TWIN_OFFSET}")
    if not _is_free(port):
        raise PortInUse(f"port {port} on {LOOPBACK} is in use: stop what listens there, or choose another with --port")
    if not _is_free(port + TWIN_OFFSET):
        raise PortInUse(
            f"port {port + TWIN_OFFSET} on {LOOPBACK}, which the store opens beside {port}, is in use:"
            " stop what listens there, or choose another with --port"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
