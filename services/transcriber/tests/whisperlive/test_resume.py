"""A client that loses its connection comes back to its own session, and nobody else does."""

import asyncio
import json
from collections.abc import Iterable

import numpy as np
import pytest
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive import connection

from ..helpers.servers import RawClient, client, running, silence, speech, until

KEY, OTHER = "correct-horse-battery", "another-long-secret"


def cut(raw: RawClient) -> None:
    """Break the connection as an unplugged cable does."""
    raw.socket.transport.abort()


async def until_held(server: object) -> None:
    await until(lambda: server.parts.resume.waiting)


async def test_text_that_was_missed_is_replayed_and_the_audio_goes_on():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True)
            await raw.send(speech(0.8), silence(1), speech(0.8))
            await raw.until("segments")
            await until(lambda: transcriber.dictations["fake-1"].pushed_samples >= 2.6 * 16000)
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            again = await raw.hello(resume=True, resume_token=ready["resume_token"], resume_after=-1)
            assert (again["resumed"], again["session"]) == (True, ready["session"])
            assert again["received_samples"] == int(2.6 * 16000)
            assert again["acknowledged_s"] > 0.8
            await raw.send(b"END_OF_AUDIO")
            assert await raw.rest() == (1000, "")
        assert [segment["text"] for segment in raw.finals] == [" le patient", " le patient présente"]
        assert transcriber.dictations == {}


async def test_final_that_the_client_has_is_not_sent_again():
    async with running() as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True, send_last_n_segments=1)
            await raw.send(speech(0.8), silence(1))
            while not raw.finals:
                await raw.next()
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            await raw.hello(resume=True, resume_token=ready["resume_token"], resume_after=0, send_last_n_segments=1)
            await raw.send(b"END_OF_AUDIO")
            await raw.rest()
        assert raw.finals == []


@pytest.mark.parametrize("wrong", [{"uid": "u2"}, {"resume_token": "guess"}, {"token": OTHER}])
async def test_session_is_given_to_its_own_client_alone(wrong):
    async with running(api_keys=f"a:{KEY},b:{OTHER}") as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True, token=KEY)
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            asked = {"resume": True, "token": KEY, "resume_token": ready["resume_token"]} | wrong
            again = await raw.hello(**asked)
            assert (again["resumed"], again["session"] != ready["session"]) == (False, True)


async def test_stock_client_gets_no_token_and_its_session_is_not_kept():
    async with running() as server:
        async with client(server) as raw:
            assert "resume_token" not in await raw.hello()
            cut(raw)
        await server.parts.admission.wait_empty()


async def test_session_that_nobody_comes_back_for_is_ended():
    transcriber = FakeTranscriber()
    async with running(transcriber, resume_s=0.01) as server:
        async with client(server) as raw:
            await raw.hello(resume=True)
            await raw.send(speech(0.4))
            cut(raw)
        await server.parts.admission.wait_empty()
        assert transcriber.dictations == {}


async def test_close_that_says_goodbye_ends_a_resumable_session():
    async with running() as server:
        async with client(server) as raw:
            await raw.hello(resume=True)
        await server.parts.admission.wait_empty()


async def test_connection_that_is_thought_alive_yields_to_the_new_one():
    async with running() as server, client(server) as half_open, client(server) as raw:
        ready = await half_open.hello(resume=True)
        await half_open.send(speech(0.8), silence(1))
        again = await raw.hello(resume=True, resume_token=ready["resume_token"])
        assert again["resumed"]
        assert (await half_open.rest())[0] == 1000
        await raw.send(speech(0.3), b"END_OF_AUDIO")
        assert await raw.rest() == (1000, "")
        assert [segment["text"] for segment in raw.finals][-1:] == [" le"]


async def test_last_words_wait_for_a_client_that_broke_off_behind_end_of_audio():
    async with running() as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True)
            await raw.send(speech(0.8), json.dumps({"event": "flush"}))
            await raw.until("segments")
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            await raw.hello(resume=True, resume_token=ready["resume_token"])
            await raw.send(b"END_OF_AUDIO")
            await raw.rest()
        assert [segment["text"] for segment in raw.finals] == [" le patient"]


@pytest.mark.parametrize(("known", "expected"), [({}, 1), ({"resume_commands": 0}, 1), ({"resume_commands": 1}, 0)])
async def test_spoken_command_that_was_not_delivered_is_delivered_once(known, expected):
    transcriber = FakeTranscriber(script=("efface", "ça."))
    async with running(transcriber) as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True, events=True)
            cut(raw)
        await until_held(server)
        transcriber.dictations["fake-1"].push(np.concatenate([np.full(12_800, 0.5), np.zeros(16_000)]))
        async with client(server) as raw:
            again = {"resume": True, "events": True, "resume_token": ready["resume_token"], "resume_after": -1}
            await raw.hello(**again, **known)
            await raw.send(b"END_OF_AUDIO")
            await raw.rest()
    commands = [message["name"] for message in raw.messages if message.get("event") == "command"]
    assert commands == ["delete"] * expected
    assert [segment["formatted"] for segment in raw.finals] == [""]


async def test_command_whose_final_arrived_and_itself_did_not_is_delivered():
    transcriber = FakeTranscriber(script=("efface", "ça."))
    async with running(transcriber) as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True, events=True)
            await raw.send(speech(0.8), silence(1))
            while not raw.finals:
                await raw.next()
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            hello = {"resume": True, "events": True, "resume_token": ready["resume_token"], "resume_after": 0}
            await raw.hello(**hello, resume_commands=0)
            await raw.send(b"END_OF_AUDIO")
            await raw.rest()
    assert [message["name"] for message in raw.messages if message.get("event") == "command"] == ["delete"]


async def test_language_that_was_detected_while_away_is_sent_before_the_text():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True, language=None, clip_audio=True)
            cut(raw)
        await until_held(server)
        transcriber.dictations["fake-1"].push(np.concatenate([np.full(12_800, 0.5), np.zeros(16_000)]))
        async with client(server) as raw:
            await raw.hello(resume=True, language=None, resume_token=ready["resume_token"])
            await raw.send(b"END_OF_AUDIO")
            await raw.rest()
    keys = [key for message in raw.messages for key in message if key in ("language", "segments")]
    assert (keys[0], keys.count("language")) == ("language", 1)
    assert [message for message in raw.messages if message.get("status") == "WARNING"]


async def test_longest_session_counts_over_all_its_connections():
    async with running(session_hours=1.0) as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True)
            await raw.send(speech(0.8))
            await raw.until("segments")
            cut(raw)
        await until_held(server)
        started_s = server.parts.admission.clock()
        server.parts.admission.clock = lambda: started_s + 3600.0
        async with client(server) as raw:
            await raw.hello(resume=True, resume_token=ready["resume_token"])
            assert await raw.rest() == (1000, "the session reached its longest time")
        assert [segment["text"] for segment in raw.finals] == [" le patient"]


async def test_break_that_is_noticed_while_the_client_is_back_already_does_not_end_its_session(monkeypatch):
    """Seen in a soak: the old connection held the session, and 20 s later ended it under the client's new one."""
    noticed, returned = asyncio.Event(), asyncio.Event()
    stop = connection._stop

    async def stop_late(tasks: Iterable[asyncio.Task[object]]) -> None:
        await stop(tasks)
        if not noticed.is_set():
            noticed.set()
            await returned.wait()

    async with running() as server:
        async with client(server) as raw:
            ready = await raw.hello(resume=True)
            await raw.send(speech(0.8))
            await raw.until("segments")
            monkeypatch.setattr(connection, "_stop", stop_late)
            cut(raw)
        await noticed.wait()
        async with client(server) as raw:
            again = await raw.hello(resume=True, resume_token=ready["resume_token"], resume_after=-1)
            assert (again["resumed"], again["session"]) == (True, ready["session"])
            returned.set()
            await until(lambda: len(server.server_state.tasks) == 1)
            assert server.parts.resume.waiting == 0
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            again = await raw.hello(resume=True, resume_token=ready["resume_token"], resume_after=-1)
            assert again["resumed"]
            await raw.send(silence(1), b"END_OF_AUDIO")
            assert await raw.rest() == (1000, "")
        assert [segment["text"] for segment in raw.finals] == [" le patient"]


async def test_resumed_session_is_still_on_the_model_that_it_chose():
    async with running(FakeTranscriber(others=("radiologie",))) as server:
        async with client(server) as raw:
            ready = await raw.hello(model="radiologie", resume=True)
            cut(raw)
        await until_held(server)
        async with client(server) as raw:
            again = await raw.hello(resume=True, resume_token=ready["resume_token"])
            assert (again["resumed"], again["model"]) == (True, "radiologie")
