"""Leaving in order: no new sessions, time for the live ones, a final for every word, then the end."""

import asyncio
import logging
from contextlib import suppress

from ..whisperlive.resume import ResumableSessions
from ..wire.admission import Admission

log = logging.getLogger(__name__)

FLUSH_SHARE = 0.4
"""The part of the budget kept for sessions that did not end by themselves: they are made final and closed."""


async def drain(admission: Admission, resume: ResumableSessions, budget_s: float) -> None:
    """Refuse new sessions and return when the last one has ended, or when the budget is spent."""
    admission.draining = True
    log.info("draining", extra={"event": "draining", "sessions": len(admission.sessions), "budget_s": budget_s})
    with suppress(TimeoutError):
        await asyncio.wait_for(admission.wait_empty(), budget_s * (1 - FLUSH_SHARE))
    resume.abandon_held()
    for session in list(admission.sessions):
        session.ending.set()
    with suppress(TimeoutError):
        await asyncio.wait_for(admission.wait_empty(), budget_s * FLUSH_SHARE)
    log.info("drained", extra={"event": "drained", "sessions_left": len(admission.sessions)})
