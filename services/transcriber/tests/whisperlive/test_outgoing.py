"""What a session's events become on the wire, and how fast a client may send."""

import json

import numpy as np
import pytest
from carabin.transcriber.core.events import AudioAcknowledged, Final, SessionWarning
from carabin.transcriber.testing.transcriber import FakeTranscriber

from ..helpers.servers import client, running
from .live import Room


async def test_a_warning_of_the_session_reaches_the_client():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        [dictation] = transcriber.dictations.values()
        dictation.emit(SessionWarning("prompt_cut", "30 of 142 expected words did not fit"))
        while (message := await raw.next()).get("status") != "WARNING":
            pass
    assert message["message"] == "30 of 142 expected words did not fit"
    assert message["code"] == "prompt_cut"


@pytest.mark.parametrize("value", [9000.0, float("nan"), float("-inf")])
async def test_samples_that_cannot_be_audio_end_the_session_with_a_reason(value: float):
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send(np.full(1600, value, "<f4").tobytes(), b"END_OF_AUDIO")
        code, reason = await raw.rest()
    assert code == 1003
    assert reason is not None
    assert "cannot be float32" in reason
    assert not raw.finals


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_a_final_of_a_session_that_is_cancelled_is_acknowledged_once(acknowledged: bool):
    """Its client would otherwise send that audio again, and have it written twice."""
    room = Room()
    session = await room.session(events=True)
    final = Final(0, 0.5, 1.5, " le patient", (), 0.9, "fake-1", "fr")
    session.outbox.add(final)
    if acknowledged:
        session.outbox.add(AudioAcknowledged(1.5))
    session.cancel("draining")
    reader, sent = session.outbox.attach(), []
    while (message := await session.outbox.next(reader)) is not None:
        sent.append(json.loads(message))
    assert [message["audio_s"] for message in sent if message.get("event") == "acknowledged"] == [1.5]


@pytest.mark.parametrize("has", [-1, 0])
async def test_a_client_that_comes_back_is_told_what_was_acknowledged_behind_the_finals(has: int):
    """The acknowledgement itself may have been lost with the connection."""
    room = Room()
    session = await room.session(events=True)
    session.outbox.add(Final(0, 0.5, 1.5, " le patient", (), 0.9, "fake-1", "fr"))
    session.outbox.add(AudioAcknowledged(1.5))
    session.outbox.resend_after(has, None)
    session.cancel("draining")
    reader, sent = session.outbox.attach(), []
    while (message := await session.outbox.next(reader)) is not None:
        sent.append(json.loads(message))
    finals = ["segments"] if has < 0 else []
    assert [message.get("event", "segments") for message in sent] == [*finals, "acknowledged"]
    assert sent[-1]["audio_s"] == 1.5
