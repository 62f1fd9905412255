"""The states of a session and the ways between them; pure.

A protocol that still reads its client's configuration has no session yet: that state is the protocol's own.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from ..core.errors import IllegalTransition


class SessionState(Enum):
    """Where a session is in its life."""

    CONFIGURED = "configured"
    """Open, and no audio came yet."""
    STREAMING = "streaming"
    """Audio comes; utterances begin and end."""
    FLUSHING = "flushing"
    """The utterance in progress was ended, and not all that was pushed is final yet; audio may follow."""
    FAILING = "failing"
    """An utterance could not be decoded: those before it become final, and nothing else is taken."""
    CLOSED = "closed"
    """Nothing is taken and nothing is sent any more."""


_TAKING = (SessionState.STREAMING, SessionState.FLUSHING)
_ENDING = (SessionState.FAILING, SessionState.CLOSED)

TRANSITIONS: Mapping[SessionState, frozenset[SessionState]] = MappingProxyType(
    {
        SessionState.CONFIGURED: frozenset({*_TAKING, SessionState.CLOSED}),
        SessionState.STREAMING: frozenset({*_TAKING, *_ENDING}),
        SessionState.FLUSHING: frozenset({*_TAKING, *_ENDING}),
        SessionState.FAILING: frozenset(_ENDING),
        SessionState.CLOSED: frozenset(),
    }
)
"""From each state, those that may follow it."""


def next_state(now: SessionState, to: SessionState) -> SessionState:
    """Return `to`.

    Raises:
        IllegalTransition: no session goes that way; the text names both states.
    """
    if to not in TRANSITIONS[now]:
        raise IllegalTransition(now.value, to.value)
    return to
