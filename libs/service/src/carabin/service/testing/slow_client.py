"""A client that holds a connection: it sends nothing, or one byte after the other, and never a whole request."""

import select
import socket
import time
from itertools import chain, repeat
from typing import Final

PAUSE_S: Final = 0.1
"""Between two bytes."""
PATIENCE_S: Final = 60.0


def is_let_go(port: int, first: bytes = b"", drip: bytes | None = None, *, patience_s: float = PATIENCE_S) -> bool:
    """Return whether the server on a port of loopback ends the connection.

    Args:
        first: sent at once.
        drip: sent after it, byte by byte, its last byte for ever; None sends nothing more.
        patience_s: after which the server is said to hold it.
    """
    latest = time.monotonic() + patience_s
    slow = None if drip is None else chain(drip, repeat(drip[-1]))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(first)
        try:
            while time.monotonic() < latest:
                if slow is not None:
                    connection.sendall(bytes([next(slow)]))
                if select.select([connection], [], [], PAUSE_S)[0] and not connection.recv(65_536):
                    return True
        except ConnectionError:
            return True
    return False
