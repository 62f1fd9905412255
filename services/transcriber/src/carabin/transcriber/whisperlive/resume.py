"""Sessions that outlive their connection for a while, for clients that come back with their resume token."""

import asyncio
import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .session import LiveSession


class ResumableSessions:
    """Keeps resumable sessions, those with a connection and those that wait for one."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        """How long a session waits for its client; its audio and text stay in memory for so long."""
        self._sessions: dict[str, LiveSession] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def waiting(self) -> int:
        """How many sessions wait for their client."""
        return len(self._timers)

    def add(self, session: "LiveSession") -> None:
        """Make a session known."""
        self._sessions[session.token] = session

    def hold(self, session: "LiveSession") -> None:
        """Its connection broke: keep it for the window."""
        loop = asyncio.get_running_loop()
        self._timers[session.token] = loop.call_later(self.window_s, self._expire, session)

    def take(self, uid: str, token: str, owner: str) -> "LiveSession | None":
        """Return the session of this token, for its own client and identity only, or None."""
        session = _find(self._sessions.values(), token)
        if session is None or session.uid != uid or session.owner != owner:
            return None
        self._stop_timer(session)
        session.supersede()
        return session

    def remove(self, session: "LiveSession") -> None:
        """The session is over."""
        self._stop_timer(session)
        self._sessions.pop(session.token, None)

    def abandon_held(self) -> None:
        """End every session that waits for its client; the service is going away."""
        for token in list(self._timers):
            self._expire(self._sessions[token])

    def _expire(self, session: "LiveSession") -> None:
        self.remove(session)
        session.abandon()

    def _stop_timer(self, session: "LiveSession") -> None:
        timer = self._timers.pop(session.token, None)
        if timer is not None:
            timer.cancel()


def _find(sessions: Iterable["LiveSession"], token: str) -> "LiveSession | None":
    """Compare with every token, in a time that says nothing about which one was near."""
    found = None
    for session in sessions:
        if hmac.compare_digest(session.token.encode(), token.encode()):
            found = session
    return found
