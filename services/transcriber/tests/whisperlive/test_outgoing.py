"""What a session's events become on the wire, and how fast a client may send."""

import asyncio

import numpy as np
import pytest
from carabin.transcriber.core.events import SessionWarning
from carabin.transcriber.testing.transcriber import FakeTranscriber

from ..helpers.servers import client, running, speech, until


async def test_a_warning_of_the_session_reaches_the_client():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        [dictation] = transcriber.dictations.values()
        dictation.emit(SessionWarning("prompt_cut", "30 of 142 expected words did not fit"))
        while (message := await raw.next()).get("status") != "WARNING":
            pass
    assert message["message"] == "30 of 142 expected words did not fit"


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
