"""Who may open a session: limits hold across protocols, a refusal costs no place, the last to leave ends a drain."""

import asyncio
from collections.abc import Callable

import pytest
from carabin.service.access.identity import ANONYMOUS, Identity
from carabin.transcriber.access.errors import IdentityLimit
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import Draining, Overloaded
from carabin.transcriber.core.events import FlushFinished
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.wire.admission import AUDIO_BURST_S, AUDIO_RATE, Admission, AdmittedSession
from carabin.transcriber.wire.metrics import WireMetrics
from prometheus_client import CollectorRegistry

WARD, OTHER, NOBODY = Identity("ward-1"), Identity("ward-2"), Identity(ANONYMOUS)

Admit = Callable[[Identity], AdmittedSession]


@pytest.fixture
async def transcriber() -> FakeTranscriber:
    found = FakeTranscriber()
    await found.start()
    return found


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def admission(transcriber: FakeTranscriber, registry: CollectorRegistry) -> Admission:
    """One session for each identity, on a clock that stands."""
    return Admission(transcriber, sessions_per_identity=1, metrics=WireMetrics(registry), clock=lambda: 100.0)


@pytest.fixture
def admit(admission: Admission) -> Admit:
    return lambda identity: admission.admit(SessionConfig(), identity, "grpc", "10.0.0.7")


async def test_an_identity_has_its_sessions_and_uploads_together_and_others_theirs(
    admission: Admission, admit: Admit
) -> None:
    first = admit(WARD)
    with pytest.raises(IdentityLimit, match="ward-1 has 1 sessions open already"), admission.place(WARD):
        pass
    with admission.place(OTHER), pytest.raises(IdentityLimit):
        admit(OTHER)
    first.close("ended")
    assert admit(WARD)
    assert admit(NOBODY)
    assert admit(NOBODY), "nobody can be distinguished from anybody else"


async def test_a_session_that_the_core_refuses_takes_no_place(
    admission: Admission, admit: Admit, transcriber: FakeTranscriber
) -> None:
    transcriber.refuse_with = Overloaded(7.0)
    with pytest.raises(Overloaded):
        admit(WARD)
    transcriber.refuse_with = None
    assert admit(WARD)
    assert len(admission.sessions) == 1


async def test_a_drain_refuses_everybody_and_ends_with_the_last_session_and_upload(
    admission: Admission, admit: Admit
) -> None:
    session = admit(WARD)
    emptied = asyncio.create_task(admission.wait_empty())
    with admission.place(OTHER):
        admission.draining = True
        for identity in (WARD, OTHER, NOBODY):
            with pytest.raises(Draining):
                admit(identity)
            with pytest.raises(Draining), admission.place(identity):
                pass
        session.close("ended")
        await asyncio.sleep(0)
        assert not emptied.done()
    await emptied


async def test_the_first_end_of_a_session_counts_and_only_once(
    admit: Admit, admission: Admission, registry: CollectorRegistry
) -> None:
    session = admit(WARD)
    session.close("token expired")
    session.close("ended")
    assert admission.sessions == set()

    def ended(outcome: str) -> float | None:
        labels = {"protocol": "grpc", "outcome": outcome}
        return registry.get_sample_value("carabin_transcriber_wire_sessions_total", labels)

    assert (ended("token_expired"), ended("ended")) == (1.0, None)


async def test_audio_of_one_identity_is_one_budget_and_everybody_without_a_name_has_their_own(
    admission: Admission, admit: Admit
) -> None:
    burst = int(AUDIO_BURST_S * 16_000)
    assert admit(WARD).count_audio(burst) == 0.0
    assert admission.budget_of(WARD).take(AUDIO_RATE, 100.0) == 1.0
    assert admit(NOBODY).count_audio(burst) == 0.0
    assert admit(NOBODY).count_audio(burst) == 0.0


async def test_only_finals_are_kept_for_the_audit_log(admit: Admit) -> None:
    session = admit(WARD)
    session.record_event(FlushFinished(1.0))
    assert session.record.utterances == 0
    session.count_audio(8_000)
    assert session.record.audio_s == 0.5
