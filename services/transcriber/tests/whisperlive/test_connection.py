"""Each way in which a connection can end: what the client still gets, its close code, and the session's outcome."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from carabin.service.access.identity import Identity, NoAuthentication
from carabin.transcriber.whisperlive.connection import Connection
from carabin.transcriber.whisperlive.session import LiveSession, take_up
from carabin.transcriber.whisperlive.websocket import SocketLimits
from carabin.transcriber.wire.errors import BadMessage, SlowReader, WrongAudioFormat

from ..helpers.servers import silence, speech, until
from .live import OWNER, Room, Wire

FLUSH = json.dumps({"event": "flush"})


class Live:
    """One session on one connection that runs."""

    def __init__(self, room: Room, session: LiveSession, wire: Wire, task: asyncio.Task[None]) -> None:
        self.room = room
        self.session = session
        self.wire = wire
        self.task = task

    @classmethod
    async def begin(
        cls, room: Room | None = None, *, identity: Identity = OWNER, limits: SocketLimits | None = None, **hello: Any
    ) -> "Live":
        room = room or Room()
        session, wire = await room.session(**hello), Wire()
        connection = Connection(
            await wire.open(), session, identity, NoAuthentication(), room.resumable, limits or SocketLimits()
        )
        return cls(room, session, wire, asyncio.create_task(connection.run()))

    @property
    def finals(self) -> list[str]:
        """The text of each completed segment that was sent, once."""
        found: dict[str, str] = {}
        for message in self.wire.texts:
            for segment in message.get("segments", ()):
                if segment["completed"]:
                    found.setdefault(segment["start"], segment["text"])
        return list(found.values())


async def test_end_of_audio_makes_all_final_and_closes_without_a_reason() -> None:
    live = await Live.begin()
    live.wire.says(speech(0.8), "END_OF_AUDIO")
    await live.task
    assert (live.finals, live.wire.closed) == ([" le patient"], (1000, ""))
    assert not any(message.get("message") == "DISCONNECT" for message in live.wire.texts)
    assert live.room.ended() == {"ended": 1.0}


async def test_draining_service_makes_all_final_says_goodbye_and_that_the_client_may_come_again() -> None:
    live = await Live.begin()
    live.wire.says(speech(0.8))
    await until(lambda: live.session.received_samples)
    live.session.admitted.ending.set()
    await live.task
    assert live.finals == [" le patient"]
    assert live.wire.texts[-1]["message"] == "DISCONNECT"
    assert live.wire.closed == (1012, "the server is shutting down")
    assert live.room.ended() == {"draining": 1.0}


async def test_draining_service_leaves_the_utterance_in_progress_to_a_client_that_can_resume() -> None:
    live = await Live.begin(resume=True, events=True)
    live.wire.says(speech(0.8), silence(1), speech(0.8))
    await until(lambda: any(message.get("event") == "acknowledged" for message in live.wire.texts))
    await until(lambda: live.session.received_samples == 2.6 * 16_000)
    live.session.admitted.ending.set()
    await live.task
    assert live.finals == [" le patient"], "the rest would have been cut in the middle of a word"
    assert live.wire.texts[-1]["message"] == "DISCONNECT"
    assert live.wire.closed == (1012, "the server is shutting down")
    assert (live.room.ended(), live.room.resumable.waiting) == ({"draining": 1.0}, 0)


async def test_expired_token_ends_the_session_after_its_text() -> None:
    live = await Live.begin(identity=Identity.until(OWNER.name, 0.0))
    await live.task
    assert live.wire.closed == (1008, "the token has expired")
    assert live.room.ended() == {"token_expired": 1.0}


async def test_longest_session_is_closed_in_the_normal_way() -> None:
    live = await Live.begin(Room(session_s=0.0))
    await live.task
    assert live.wire.closed == (1000, "the session reached its longest time")
    assert live.room.ended() == {"session_too_long": 1.0}


@pytest.mark.parametrize(("code", "held"), [(1000, False), (1001, True), (1005, True), (1006, True)])
async def test_client_that_breaks_off_is_waited_for_unless_it_said_goodbye(code: int, held: bool) -> None:
    live = await Live.begin(resume=True)
    live.wire.says(speech(0.4))
    live.wire.leaves(code)
    await live.task
    assert (live.session.held, live.room.resumable.waiting) == (held, int(held))
    assert (live.session.admitted.dictation.id in live.room.transcriber.dictations) is held
    live.session.cancel("over")


async def test_client_that_cannot_resume_ends_its_session_by_leaving() -> None:
    live = await Live.begin()
    live.wire.leaves(1006)
    await live.task
    await until(live.room.ended)
    assert live.room.ended() == {"closed_by_client": 1.0}


async def test_client_that_breaks_off_while_the_service_drains_is_not_waited_for() -> None:
    live = await Live.begin(resume=True)
    live.session.admitted.ending.set()
    live.wire.leaves(1006)
    await live.task
    assert live.room.resumable.waiting == 0


async def test_connection_whose_session_goes_on_elsewhere_says_so_and_leaves_it_alone() -> None:
    live = await Live.begin(resume=True)
    live.wire.says(speech(0.4))
    await until(lambda: live.session.received_samples)
    live.session.supersede()
    await live.task
    assert live.wire.closed == (1000, "this session goes on over another connection")
    assert live.session.admitted.dictation.id in live.room.transcriber.dictations
    live.session.cancel("over")


async def test_audio_that_comes_over_a_connection_which_was_just_replaced_is_not_taken() -> None:
    """The new one sends it again: it is told how many samples the session has."""
    live = await Live.begin(resume=True)
    live.wire.says(speech(0.4))
    await until(lambda: live.session.received_samples)
    live.wire.says(*[speech(0.1)] * 20, FLUSH, "END_OF_AUDIO")
    own = replace(live.session.hello, resume_token=live.session.token)
    assert take_up(live.room.resumable, own, OWNER.name) is live.session
    told = live.session.received_samples
    await live.task
    assert live.session.received_samples == live.room.dictation(live.session).pushed_samples == told
    assert live.wire.closed == (1000, "this session goes on over another connection")
    live.session.cancel("over")


async def test_wrong_message_is_raised_after_what_was_said_before_it() -> None:
    live = await Live.begin()
    live.wire.says(speech(0.8), "hello")
    with pytest.raises(BadMessage):
        await live.task
    assert live.finals == [" le patient"]
    await until(live.room.ended)
    assert live.wire.closed is None, "the endpoint says why and closes"


async def test_samples_that_are_no_audio_give_no_text() -> None:
    live = await Live.begin()
    live.wire.says(speech(0.8), b"\x00\x00\xc0\x7f" * 1600)
    with pytest.raises(WrongAudioFormat):
        await live.task
    assert live.finals == []
    await until(live.room.ended)
    assert live.room.ended() == {"impossible_audio": 1.0}


async def test_session_that_the_core_failed_is_closed_with_its_reason() -> None:
    live = await Live.begin()
    live.room.dictation(live.session).fail("the engine is gone")
    await live.task
    assert live.wire.closed == (1011, "the engine is gone")
    assert live.wire.texts[-1]["status"] == "ERROR"


async def test_session_that_the_core_stopped_without_a_reason_may_be_begun_again_elsewhere() -> None:
    live = await Live.begin()
    live.room.dictation(live.session).cancel()
    await live.task
    assert live.wire.closed == (1012, "the server ended the session")


async def test_client_that_takes_no_message_is_given_up() -> None:
    live = await Live.begin(limits=SocketLimits(send_s=0.01))
    live.wire.reads.clear()
    live.wire.says(speech(0.8))
    with pytest.raises(SlowReader, match=r"nothing for 0\.01 s"):
        await live.task
    assert live.session.outcome == "slow_reader"


async def test_session_that_cannot_be_finished_in_time_is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    live = await Live.begin(limits=SocketLimits(finish_s=0.01))
    dictation = live.room.dictation(live.session)

    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(dictation, "finish", never)
    live.wire.says("END_OF_AUDIO")
    await live.task
    await until(live.room.ended)
    assert (live.wire.closed, live.room.ended()) == ((1000, ""), {"finish_timeout": 1.0})


async def test_client_that_leaves_while_its_last_words_are_decoded_may_come_back_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = await Live.begin(resume=True)
    dictation = live.room.dictation(live.session)
    decoding, finish = asyncio.Event(), dictation.finish

    async def later() -> None:
        await decoding.wait()
        await finish()

    monkeypatch.setattr(dictation, "finish", later)
    live.wire.says(speech(0.8), "END_OF_AUDIO")
    await until(lambda: live.session.received_samples)
    live.wire.leaves(1006)
    await live.task
    assert (live.session.held, live.wire.closed) == (True, None)
    decoding.set()
    await until(live.room.ended)
    assert live.room.ended() == {"ended": 1.0}
