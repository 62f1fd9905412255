"""What can go wrong between a client and its server, drawn.

CarabinError             of carabin.registry.errors
* ClientError
  x ServerUnreachable    nobody answers at the address
    + ServerDraining     who answers is leaving: connect again, and another replica answers
  x ServerBusy           the server is full; `retry_after_s` says when to come back
  x ServerRefused        the server said no, and why; `code` is its close code
    + ServerNotReady     it has no model yet, as behind a restart: try again later
  x BadServerMessage     the server sent something that is no message of this protocol
  x ConnectionLost       the connection broke and could not be taken up again
"""

from carabin.registry.errors import CarabinError


class ClientError(CarabinError):
    """Base of everything this library raises on purpose."""


class ServerUnreachable(ClientError):
    """Nobody answers at the address."""


class ServerDraining(ServerUnreachable):
    """A replica that is leaving answered; behind a balancer the next connection reaches another."""


class ServerBusy(ClientError):
    """The server is full."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the server is full: try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class ServerRefused(ClientError):
    """The server ended the session, and said why."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(f"the server refused: {reason}")
        self.reason = reason
        self.code = code


class ServerNotReady(ServerRefused):
    """The server has no model yet, as behind a restart; a dictation that was cut asks again."""


class BadServerMessage(ClientError):
    """The server sent something that is no message of this protocol; the dictation is over."""


class ConnectionLost(ClientError):
    """The connection broke for longer than the server keeps a session."""
