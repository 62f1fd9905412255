"""Leaving in order: those who end by themselves are waited for, the others are ended, and the budget ends it all."""

import asyncio
from typing import cast

from carabin.service.access.identity import Identity
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.http.drain import drain
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive.resume import ResumableSessions
from carabin.transcriber.wire.admission import Admission, AdmittedSession
from carabin.transcriber.wire.metrics import WireMetrics
from prometheus_client import CollectorRegistry


class Held:
    """Counts how often the sessions that wait for their client were ended."""

    abandoned = 0

    def abandon_held(self) -> None:
        self.abandoned += 1


async def admitted() -> tuple[Admission, AdmittedSession]:
    metrics = WireMetrics(CollectorRegistry())
    transcriber = FakeTranscriber()
    await transcriber.start()
    admission = Admission(transcriber, sessions_per_identity=9, metrics=metrics)
    return admission, admission.admit(SessionConfig(), Identity("ward-1"), "grpc", "")


async def test_a_session_that_ends_by_itself_is_not_ended_by_us() -> None:
    admission, session = await admitted()
    held = Held()
    draining = asyncio.create_task(drain(admission, cast(ResumableSessions, held), budget_s=600))
    await asyncio.sleep(0)
    assert admission.draining
    session.close("ended")
    await draining
    assert not session.ending.is_set()
    assert held.abandoned == 1


async def test_a_session_that_does_not_end_is_asked_to_after_its_share_of_the_budget() -> None:
    admission, session = await admitted()
    draining = asyncio.create_task(drain(admission, cast(ResumableSessions, Held()), budget_s=0.05))
    async with asyncio.timeout(10):
        await session.ending.wait()
    session.close("ended")
    await draining
    assert admission.sessions == set()


async def test_a_session_that_will_not_end_keeps_nobody_longer_than_the_budget() -> None:
    admission, session = await admitted()
    async with asyncio.timeout(10):
        await drain(admission, cast(ResumableSessions, Held()), budget_s=0.01)
    assert admission.sessions == {session}
