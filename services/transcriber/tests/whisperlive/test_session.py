"""One session between the core and a socket that may be replaced: who may have it, and how it ends, once."""

import asyncio
from dataclasses import replace

import pytest
from carabin.transcriber.core.errors import SessionClosed
from carabin.transcriber.whisperlive.session import LiveSession, model_warning, take_up
from carabin.transcriber.wire.errors import TornFrame

from ..helpers.servers import silence, speech, until
from .live import OWNER, Room


async def drained(session: LiveSession) -> list[str]:
    reader = session.outbox.attach()
    found = []
    while (message := await session.outbox.next(reader)) is not None:
        found.append(message)
    return found


async def test_audio_is_counted_and_a_torn_frame_is_not() -> None:
    session = await Room().session()
    session.push(speech(0.5))
    with pytest.raises(TornFrame):
        session.push(b"\x00" * 6)
    assert (session.received_samples, session.admitted.record.audio_s) == (8000, 0.5)
    session.cancel("over")


async def test_audio_over_the_budget_says_how_long_to_wait() -> None:
    room = Room()
    room.admission.audio_rate, room.admission.audio_burst_s = 2.0, 1.0
    session = await room.session()
    assert session.push(speech(1)) == 0
    assert session.push(speech(1)) == pytest.approx(0.5)
    session.cancel("over")


async def test_finish_goes_on_when_its_caller_is_cancelled() -> None:
    room = Room()
    session = await room.session()
    session.push(speech(0.8))
    caller = asyncio.create_task(session.finish())
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert any("le patient" in message for message in await drained(session))
    assert room.ended() == {"ended": 1.0}


async def test_session_whose_core_fails_has_that_outcome_and_its_reason() -> None:
    room = Room()
    session = await room.session()
    room.dictation(session).fail("the engine is gone")
    await drained(session)
    await until(room.ended)
    assert (room.ended(), session.outbox.failed) == ({"failed": 1.0}, "the engine is gone")
    with pytest.raises(SessionClosed):
        session.push(speech(0.1))


async def test_event_that_cannot_be_sent_fails_the_session_and_logs_no_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room()
    session = await room.session()

    def broken(event: object) -> None:
        raise RuntimeError("le patient Martin")

    monkeypatch.setattr(session.outbox, "add", broken)
    session.push(speech(0.8) + silence(1))
    await drained(session)
    await until(room.ended)
    assert room.ended() == {"failed": 1.0}
    assert "Martin" not in caplog.text
    assert "Martin" not in str([vars(record) for record in caplog.records])
    assert room.transcriber.dictations == {}


async def test_first_outcome_counts() -> None:
    room = Room()
    session = await room.session()
    session.cancel("draining")
    await drained(session)
    await until(room.ended)
    session.admitted.close("ended")
    assert room.ended() == {"draining": 1.0}


async def test_session_waits_for_its_client_only_when_its_latest_connection_broke() -> None:
    room = Room()
    session = await room.session(resume=True)
    waiting = asyncio.create_task(session.superseded(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    session.supersede()
    await waiting
    session.hold(0)
    assert (session.held, room.resumable.waiting) == (False, 0)
    session.hold(1)
    assert (session.held, room.resumable.waiting) == (True, 1)
    room.resumable.abandon_held()
    await until(room.ended)
    assert (session.held, room.ended()) == (False, {"abandoned": 1.0})


async def test_only_a_client_that_asked_for_it_is_told_how_to_resume() -> None:
    room = Room(window_s=45)
    plain, resumable = await room.session(), await room.session(resume=True)
    model = room.transcriber.model
    assert "resume_token" not in plain.ready(model, resumed=False)
    resumable.push(speech(0.5))
    ready = resumable.ready(model, resumed=True)
    for said in (f'"resume_token": "{resumable.token}"', '"resume_window_s": 45', '"received_samples": 8000'):
        assert said in ready
    assert plain.token != resumable.token
    plain.cancel("over")
    resumable.cancel("over")


async def test_session_is_taken_up_by_its_owner_with_its_token_alone() -> None:
    room = Room()
    session = await room.session(resume=True)
    session.hold(0)
    own = replace(session.hello, resume_token=session.token)
    assert take_up(room.resumable, session.hello, OWNER.name) is None, "no token"
    assert take_up(room.resumable, replace(own, resume_token="x"), OWNER.name) is None
    assert take_up(room.resumable, replace(own, uid="u2"), OWNER.name) is None
    assert take_up(room.resumable, own, "mallory") is None
    assert session.held
    assert take_up(room.resumable, own, OWNER.name) is session
    assert (session.held, session.connection, room.resumable.waiting) == (False, 1, 0)
    session.cancel("over")


async def test_dictation_is_held_while_its_client_is_away() -> None:
    room = Room()
    session = await room.session(resume=True)
    session.hold(0)
    assert room.dictation(session).held
    take_up(room.resumable, replace(session.hello, resume_token=session.token), OWNER.name)
    assert not room.dictation(session).held
    session.hold(0)
    assert not room.dictation(session).held, "the connection that broke is an older one"
    session.cancel("over")


async def test_stock_clients_session_is_known_to_nobody() -> None:
    room = Room()
    session = await room.session()
    assert take_up(room.resumable, replace(session.hello, resume_token=session.token), OWNER.name) is None
    session.cancel("over")


@pytest.mark.parametrize(("wanted", "warned"), [(None, False), ("", False), ("fake", False), ("large-v3", True)])
async def test_other_model_than_the_one_that_serves_is_warned_of(wanted: str | None, warned: bool) -> None:
    room = Room()
    session = await room.session(model=wanted)
    [*sentences] = model_warning(session.hello, room.transcriber.model)
    assert len(sentences) == warned
    assert not warned or all(word in sentences[0] for word in ("large-v3", "fake-1"))
    session.cancel("over")


async def test_name_of_another_model_is_repeated_in_part() -> None:
    room = Room()
    session = await room.session(model="x" * 500)
    [sentence] = model_warning(session.hello, room.transcriber.model)
    assert "x" * 80 in sentence
    assert "x" * 81 not in sentence
    session.cancel("over")
