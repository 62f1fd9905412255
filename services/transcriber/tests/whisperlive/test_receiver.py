"""What a client sends amid a session: audio with back-pressure, flushes in their place, and fresh tokens."""

import asyncio
import json

import pytest
from carabin.service.access.identity import Identity, NoAuthentication, StaticKeys
from carabin.service.errors import Forbidden, Unauthenticated
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive import receiver
from carabin.transcriber.whisperlive.expiry import CredentialExpiry
from carabin.transcriber.whisperlive.receiver import Receiver
from carabin.transcriber.whisperlive.websocket import Gone
from carabin.transcriber.wire.errors import BadMessage, TornFrame

from ..helpers.servers import client, running, silence, speech, until
from .live import OWNER, Room, Wire

FLUSH = json.dumps({"event": "flush"})
KEYS = StaticKeys([(OWNER.name, "correct-horse-battery"), ("mallory", "another-long-secret")])


async def received(*messages: bytes | str, room: Room | None = None) -> tuple[Room, Receiver]:
    """Receive these messages and the end of the audio."""
    room = room or Room()
    session, wire = await room.session(), Wire()
    found = Receiver(await wire.open(), session, KEYS, CredentialExpiry(OWNER))
    wire.says(*messages, "END_OF_AUDIO")
    try:
        await found.run()
    finally:
        await asyncio.gather(*found.flushes)
        session.cancel("over")
    return room, found


@pytest.mark.parametrize("end", ["END_OF_AUDIO", b"END_OF_AUDIO"])
async def test_audio_is_read_up_to_its_end(end: bytes | str) -> None:
    room = Room()
    session, wire = await room.session(), Wire()
    wire.says(speech(0.5), b"", speech(0.25), end, speech(9))
    await Receiver(await wire.open(), session, NoAuthentication(), CredentialExpiry(OWNER)).run()
    assert session.received_samples == room.dictation(session).pushed_samples == 12_000


async def test_client_that_goes_ends_the_reading_with_its_code() -> None:
    room = Room()
    session, wire = await room.session(), Wire()
    wire.says(speech(0.1))
    wire.leaves(1006)
    with pytest.raises(Gone) as gone:
        await Receiver(await wire.open(), session, NoAuthentication(), CredentialExpiry(OWNER)).run()
    assert gone.value.code == 1006


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "",
        "null",
        "[1]",
        '"flush"',
        '{"event": "dance"}',
        '{"event": "token"}',
        '{"event": "token", "token": 5}',
        "{}",
        "[" * 100_000,
        "end_of_audio",
    ],
    ids=lambda message: message[:20],
)
async def test_text_that_is_no_request_is_refused_without_being_repeated(message: str) -> None:
    with pytest.raises(BadMessage) as refused:
        await received(message)
    assert "END_OF_AUDIO" in str(refused.value)
    assert "dance" not in str(refused.value)


async def test_frame_that_ends_inside_a_sample_is_refused() -> None:
    with pytest.raises(TornFrame):
        await received(b"\x00" * 6)


async def test_flush_makes_final_what_came_before_it_and_nothing_after() -> None:
    room = Room()
    session, wire = await room.session(), Wire()
    wire.says(speech(0.8), FLUSH, speech(0.4), "END_OF_AUDIO")
    found = Receiver(await wire.open(), session, NoAuthentication(), CredentialExpiry(OWNER))
    await found.run()
    await asyncio.gather(*found.flushes)
    await session.finish()
    reader = session.outbox.attach()
    written = []
    while (message := await session.outbox.next(reader)) is not None:
        for segment in json.loads(message).get("segments", ()):
            if segment["completed"] and segment["text"] not in written:
                written.append(segment["text"])
    assert written == [" le patient", " le"]


async def test_flush_of_a_session_that_has_ended_is_no_error() -> None:
    room = Room()
    session, wire = await room.session(), Wire()
    room.dictation(session).cancel()
    wire.says(FLUSH, "END_OF_AUDIO")
    found = Receiver(await wire.open(), session, NoAuthentication(), CredentialExpiry(OWNER))
    await found.run()
    await asyncio.gather(*found.flushes)


async def test_token_of_the_same_holder_puts_the_end_off_and_another_does_not() -> None:
    session, wire = await Room().session(), Wire()
    expiry = CredentialExpiry(Identity.until(OWNER.name, 0.0))
    wire.says(json.dumps({"event": "token", "token": "correct-horse-battery"}), "END_OF_AUDIO")
    await Receiver(await wire.open(), session, KEYS, expiry).run()
    waiting = asyncio.create_task(expiry.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(Forbidden, match="belongs to somebody else"):
        await received(json.dumps({"event": "token", "token": "another-long-secret"}))
    with pytest.raises(Unauthenticated):
        await received(json.dumps({"event": "token", "token": "wrong"}))


async def test_client_is_read_slowly_and_not_given_up_while_audio_waits(monkeypatch):
    monkeypatch.setattr(receiver, "MAX_PAUSE_S", 0.01)
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        dictation = transcriber.dictations["fake-1"]
        dictation.room.clear()
        await raw.send(speech(0.4), speech(0.4), silence(1))
        await until(lambda: dictation.pushed_samples == 1.8 * 16_000)
        await raw.send(b"END_OF_AUDIO")
        assert (await raw.rest())[0] == 1000


async def test_audio_faster_than_its_budget_is_read_slower_and_none_is_lost():
    async with running() as server, client(server) as raw:
        server.parts.admission.audio_rate, server.parts.admission.audio_burst_s = 50, 0.1
        await raw.hello()
        await raw.send(*[speech(0.5)] * 4, b"END_OF_AUDIO")
        assert await raw.rest() == (1000, "")
        assert raw.finals[0]["end"] == "2.000"


async def test_session_knows_of_the_pause_that_its_budget_wants(monkeypatch):
    """It would take the silence for the client's, and end the utterance in the middle of a word."""
    pauses = []

    async def wait_for_room(_: FakeDictation, delay_s: float = 0.0) -> None:
        pauses.append(delay_s)

    monkeypatch.setattr(FakeDictation, "wait_for_room", wait_for_room)
    room = Room()
    room.admission.audio_rate, room.admission.audio_burst_s = 1.0, 1.0
    await received(speech(3), speech(60), room=room)
    assert pauses == [2.0, receiver.MAX_PAUSE_S]


async def test_a_socket_is_not_read_while_the_service_is_behind():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        [dictation] = transcriber.dictations.values()
        dictation.room.clear()
        await raw.send(*[speech(0.1)] * 20)
        await until(lambda: dictation.pushed_samples)
        for _ in range(200):
            await asyncio.sleep(0)
        assert dictation.pushed_samples == 1600
        dictation.room.set()
        await until(lambda: dictation.pushed_samples == 20 * 1600)
