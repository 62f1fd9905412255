"""The client library against the real server: what is sent arrives, each text is an event once, breaks are mended."""

import asyncio
import json
from pathlib import Path

import pytest
from carabin.client import (
    Acknowledged,
    BadServerMessage,
    Command,
    ConnectionLost,
    FinalText,
    Flushed,
    LiveDictation,
    ModelSwitched,
    Options,
    PartialText,
    Ready,
    Resumed,
    ServerBusy,
    ServerDraining,
    ServerNotReady,
    ServerRefused,
    ServerUnreachable,
    connect,
)
from carabin.service.testing.certificates import write_certificate
from carabin.transcriber.core.errors import Draining, NotReady, Overloaded
from carabin.transcriber.core.events import AudioAcknowledged
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.server import serving, silence, speech
from carabin.transcriber.testing.transcriber import FakeTranscriber
from websockets.asyncio.server import serve

KEY = "correct-horse-battery"


async def next_of(events, kind):
    """Return the next event of a kind."""
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


async def rest(dictation: LiveDictation) -> list:
    return [event async for event in dictation]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_on_this_machine_is_reached_past_the_proxy_of_the_site(host, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        async with connect(server.url.replace("127.0.0.1", host)) as dictation:
            assert dictation.ready.model_version == "fake-1"


async def test_dictation_from_ready_to_the_last_final():
    with serving() as server:
        async with connect(server.url) as dictation:
            assert dictation.ready.model_version == "fake-1"
            await dictation.send(speech(0.8))
            await dictation.send(silence(1))
            await dictation.send(speech(0.3))
            await dictation.finish()
            events = await rest(dictation)
    assert isinstance(events[0], Ready)
    finals = [event for event in events if isinstance(event, FinalText)]
    assert [(final.utterance, final.text, final.formatted) for final in finals] == [
        (0, " le patient", "le patient"),
        (1, " le", "le"),
    ]
    assert any(isinstance(event, PartialText) for event in events)
    assert any(isinstance(event, Acknowledged) for event in events)


async def test_flush_and_model_change_are_events():
    with serving() as server:
        async with connect(server.url, Options(word_timestamps=True)) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await dictation.flush()
            assert (await next_of(events, FinalText)).words[0]["word"] == " le"
            assert (await next_of(events, Flushed)).audio_s == pytest.approx(0.8)
            server.call(lambda: server.transcriber.swap("fake-2"))
            await dictation.send(speech(0.8))
            await dictation.finish()
            assert await next_of(events, ModelSwitched) == ModelSwitched("fake-2", "fake-1")
            assert (await next_of(events, FinalText)).model_version == "fake-2"


async def test_broken_connection_is_taken_up_in_the_same_session():
    with serving() as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await dictation.send(silence(1))
            await next_of(events, FinalText)
            server.cut()
            await dictation.send(speech(0.8))
            assert (await next_of(events, Resumed)).same_session
            await dictation.finish()
            finals = [event async for event in events if isinstance(event, FinalText)]
    assert [(final.utterance, final.text) for final in finals] == [(1, " le patient présente")]
    assert finals[0].end_s == pytest.approx(2.6, abs=0.01)


async def test_session_belongs_to_the_trace_of_the_process_that_dictates(monkeypatch):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    monkeypatch.setenv("TRACEPARENT", f"00-{trace}-00f067aa0ba902b7-01")
    with serving() as server:
        async with connect(server.url):
            assert server.call(lambda: [each.record.trace_id for each in server.server.parts.admission.sessions]) == [
                trace
            ]


@pytest.mark.parametrize("broken", ["cut", "forget"])
async def test_flush_in_a_broken_connection_is_answered_once_behind_it(broken):
    with serving() as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await next_of(events, PartialText)
            getattr(server, broken)()
            await dictation.flush()
            await next_of(events, Resumed)
            assert (await next_of(events, FinalText)).text == " le patient"
            assert (await next_of(events, Flushed)).audio_s == pytest.approx(0.8)
            await dictation.finish()
            assert not [event async for event in events if isinstance(event, Flushed)]


async def test_server_that_forgot_the_session_gets_the_unacknowledged_audio_again():
    with serving() as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await dictation.send(silence(1))
            await next_of(events, FinalText)
            await next_of(events, Acknowledged)
            await dictation.send(speech(0.8))
            await next_of(events, PartialText)
            server.forget()
            assert not (await next_of(events, Resumed)).same_session
            await dictation.finish()
            finals = [event async for event in events if isinstance(event, FinalText)]
    assert [final.utterance for final in finals] == [1]
    assert 1.2 < finals[0].start_s < 1.9
    assert finals[0].end_s == pytest.approx(2.6, abs=0.01)


async def test_final_whose_acknowledgement_was_lost_with_its_session_is_not_dictated_again(monkeypatch):
    emit = FakeDictation._emit

    def withhold(dictation, event):
        if not isinstance(event, AudioAcknowledged):
            emit(dictation, event)

    with serving() as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            monkeypatch.setattr(FakeDictation, "_emit", withhold)
            await dictation.send(speech(0.8))
            await dictation.send(silence(1))
            await next_of(events, FinalText)
            await dictation.send(speech(0.3))
            await next_of(events, PartialText)
            server.forget()
            assert not (await next_of(events, Resumed)).same_session
            await dictation.finish()
            finals = [event async for event in events if isinstance(event, FinalText)]
    assert [(final.utterance, final.text) for final in finals] == [(1, " le")]
    assert finals[0].end_s == pytest.approx(2.1, abs=0.01)


class LeavingReplica(FakeTranscriber):
    """Answers the next connections as a replica that is leaving, to which a balancer still sends some."""

    leaves = 0

    def open(self, *arguments, **options):
        if self.leaves:
            self.leaves -= 1
            raise Draining
        return super().open(*arguments, **options)


async def test_replica_that_is_leaving_is_left_for_another_at_first_and_behind_a_break():
    transcriber = LeavingReplica()
    transcriber.leaves = 1
    with serving(transcriber) as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await next_of(events, PartialText)
            transcriber.leaves = 2
            server.forget()
            assert not (await next_of(events, Resumed)).same_session
            await dictation.finish()
            assert [event.text async for event in events if isinstance(event, FinalText)] == [" le patient"]
    assert transcriber.leaves == 0


async def test_server_that_only_leaves_is_an_error_in_the_end(monkeypatch):
    monkeypatch.setattr("carabin.client.connection.OPEN_S", 0.6)
    transcriber = LeavingReplica()
    transcriber.leaves = 1000
    with serving(transcriber) as server, pytest.raises(ServerDraining, match="connect again to reach another"):
        async with connect(server.url):
            pass
    assert transcriber.leaves <= 998, "it tried again"


async def test_server_that_has_no_model_yet_behind_a_break_is_asked_again():
    transcriber = FakeTranscriber()
    with serving(transcriber) as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await next_of(events, PartialText)
            transcriber.refuse_with = NotReady("no version is in production")
            server.forget()
            await next_of(events, Resumed)
            assert transcriber.refuse_with is None
            await dictation.finish()
            finals = [event async for event in events if isinstance(event, FinalText)]
    assert [final.text for final in finals] == [" le patient"]


async def test_server_that_has_no_model_at_first_says_so():
    transcriber = FakeTranscriber()
    transcriber.refuse_with = NotReady("no version is in production")
    with serving(transcriber) as server, pytest.raises(ServerNotReady, match="no version is in production"):
        async with connect(server.url):
            pass


async def test_array_that_is_used_again_is_sent_as_it_was():
    with serving() as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            buffer = speech(0.8)
            await dictation.send(buffer)
            buffer[:] = 0
            await next_of(events, PartialText)
            server.forget()
            await next_of(events, Resumed)
            await dictation.finish()
            finals = [event async for event in events if isinstance(event, FinalText)]
    assert [final.text for final in finals] == [" le patient"]


@pytest.mark.parametrize("bad", ["not JSON", "[1]", '{"segments": 3}', '{"segments": [{}]}', '{"event": "flushed"}'])
async def test_server_that_sends_no_message_of_the_protocol_is_an_error_and_not_a_wait_for_ever(bad):
    async def answer(socket):
        await socket.recv()
        await socket.send(json.dumps({"uid": "u", "message": "SERVER_READY"}))
        await socket.send(bad)
        await socket.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as dictation:
            events = aiter(dictation)
            assert isinstance(await anext(events), Ready)
            async with asyncio.timeout(10):
                with pytest.raises(BadServerMessage):
                    await anext(events)


async def test_connection_that_breaks_between_disconnect_and_its_reason_is_taken_up_again():
    async def answer(socket):
        hello = json.loads(await socket.recv())
        ready = {"uid": "u", "message": "SERVER_READY", "resume_token": "secret", "received_samples": 0}
        await socket.send(json.dumps(ready | {"resumed": "resume_token" in hello}))
        if "resume_token" not in hello:
            await socket.send(json.dumps({"uid": "u", "message": "DISCONNECT"}))
            socket.transport.close()  # what was sent goes out before it
        await socket.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as dictation, asyncio.timeout(30):
            assert (await next_of(aiter(dictation), Resumed)).same_session


async def test_first_answer_that_is_no_json_is_an_error():
    async def answer(socket):
        await socket.recv()
        await socket.send("<html>")

    async with serve(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BadServerMessage):
            await open_and_close(f"ws://127.0.0.1:{port}")


async def open_and_close(url: str) -> None:
    async with connect(url):
        pass


async def test_command_behind_a_broken_connection_comes_once():
    with serving(FakeTranscriber(script=("efface", "ça."))) as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await dictation.send(silence(1))
            assert (await next_of(events, Command)).name == "delete"
            server.cut()
            await next_of(events, Resumed)
            await dictation.send(speech(0.7))
            await dictation.finish()
            commands = [event async for event in events if isinstance(event, Command)]
    assert [command.utterance for command in commands] == [1]


async def test_commands_over_two_replicas_come_once_each_and_keep_their_utterance():
    with serving(FakeTranscriber(script=("efface", "ça."))) as server:
        async with connect(server.url) as dictation:
            events = aiter(dictation)
            await dictation.send(speech(0.8))
            await dictation.send(silence(1))
            assert (await next_of(events, Command)).utterance == 0
            await next_of(events, Acknowledged)
            # The second is half said when its replica leaves: another one gets it whole.
            await dictation.send(speech(0.4))
            await next_of(events, PartialText)
            server.forget()
            assert not (await next_of(events, Resumed)).same_session
            await dictation.send(speech(0.3))
            await dictation.send(silence(1))
            await dictation.finish()
            left = [event async for event in events]
    assert [(each.utterance, each.name) for each in left if isinstance(each, Command)] == [(1, "delete")]
    assert [each.utterance for each in left if isinstance(each, FinalText)] == [1]


async def test_server_that_stays_away_is_an_error_with_what_came_before_kept():
    with serving() as server:
        context = connect(server.url, resume_s=0.0)
        dictation = await context.__aenter__()
        events = aiter(dictation)
        await dictation.send(speech(0.8))
        await next_of(events, PartialText)
    with pytest.raises(ConnectionLost):
        await rest(dictation)
    await context.__aexit__(None, None, None)


async def test_full_server_says_when_to_come_back():
    transcriber = FakeTranscriber()
    transcriber.refuse_with = Overloaded(retry_after_s=90)
    with serving(transcriber) as server, pytest.raises(ServerBusy, match="90 s"):
        async with connect(server.url):
            pass


async def test_refusals_carry_the_servers_reason():
    with serving(api_keys=f"ward:{KEY}") as server:
        with pytest.raises(ServerRefused, match="not known"):
            async with connect(server.url, token="a-wrong-and-long-key"):
                pass
        with pytest.raises(ServerRefused, match="token is needed"):
            async with connect(server.url):
                pass
        with pytest.raises(ServerRefused, match="xx"):
            async with connect(server.url, Options(language="xx"), token=KEY):
                pass
        async with connect(server.url, token=KEY) as dictation:
            assert dictation.ready


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "http://127.0.0.1:9", "nonsense"])
async def test_address_where_nobody_answers(url):
    with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:9|nonsense"):
        async with connect(url):
            pass


async def test_tls_and_plain_taken_for_each_other_are_said_with_the_scheme_to_write(tmp_path: Path) -> None:
    plain_hint = pytest.raises(ServerUnreachable, match="does not speak TLS: if it is a plain server, write ws://")
    with serving() as plain, plain_hint:
        async with connect(plain.url.replace("ws://", "wss://")):
            pass
    certificate, key = write_certificate(tmp_path)
    with serving(tls_cert=certificate, tls_key=key) as secured:
        with pytest.raises(ServerUnreachable, match="if it speaks TLS, write wss://"):
            async with connect(secured.url):
                pass
        with pytest.raises(ServerUnreachable, match=r"its certificate is not trusted: self.signed"):
            async with connect(secured.url.replace("ws://", "wss://")):
                pass
