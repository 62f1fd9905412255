"""A WhisperLive client over a real WebSocket: what it is sent, and what it may get wrong without hurting others."""

import asyncio
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.errors import NotReady, Overloaded
from carabin.transcriber.http import app
from carabin.transcriber.http.server import MAX_MESSAGE_BYTES
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive.websocket import SocketLimits

from ..helpers.servers import HELLO, RATE_HZ, client, dictate, running, silence, speech, until


async def test_first_message_is_ready_and_text_is_final_at_the_pause():
    async with running() as server, client(server, "/any/path?x=1") as raw:
        ready = await raw.hello()
        assert (ready["uid"], ready["message"], ready["backend"]) == ("u1", "SERVER_READY", "faster_whisper")
        assert ready["model_version"] == "fake-1"
        await raw.send(speech(1.1), silence(1))
        while not raw.finals:
            await raw.next()
        segment = raw.finals[0]
        assert segment["text"] == " le patient présente"
        assert segment["model_version"] == "fake-1"
        assert segment["formatted"] == "le patient présente"
        assert segment["confidence"] == pytest.approx(0.9)
        assert isinstance(segment["start"], str)
        assert not server.parts.transcriber.dictations["fake-1"].config.word_timestamps


@pytest.mark.parametrize("end", [b"END_OF_AUDIO", "END_OF_AUDIO"])
async def test_end_of_audio_makes_the_last_words_final_before_the_close(end):
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.8), end)
        assert await raw.rest() == (1000, "")
        assert [segment["text"] for segment in raw.finals] == [" le patient"]


async def test_plain_close_ends_the_session():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server:
        async with client(server) as raw:
            await raw.hello()
            await raw.send(speech(0.8))
        await server.parts.admission.wait_empty()
        assert transcriber.dictations == {}


@pytest.mark.parametrize("name", ["float32", "int16", "uint8"])
async def test_each_audio_format_is_transcribed_as_the_same_speech(name):
    loud = np.full(RATE_HZ, 0.5)
    frames = {
        "float32": loud.astype("<f4"),
        "int16": (loud * 32767).astype("<i2"),
        "uint8": (loud * 127 + 128).astype("u1"),
    }
    async with running() as server, client(server) as raw:
        await raw.hello(audio_format=name)
        await raw.send(frames[name].tobytes(), b"", b"END_OF_AUDIO")
        await raw.rest()
        assert [(s["text"], s["end"]) for s in raw.finals] == [(" le patient présente", "1.000")]


@pytest.mark.parametrize(
    ("first", "code", "word"),
    [
        ("{", 1007, "JSON"),
        ("[]", 1007, "object"),
        (json.dumps({"language": "fr"}), 1008, "uid"),
        (json.dumps(HELLO | {"language": "xx"}), 1008, "xx"),
        (json.dumps(HELLO | {"task": "foo"}), 1008, "task"),
        (json.dumps(HELLO | {"vad_parameters": {"foo": 1}}), 1008, "foo"),
        (json.dumps(HELLO | {"use_vad": "yes"}), 1008, "use_vad"),
        (json.dumps(HELLO | {"audio_format": "opus"}), 1003, "opus"),
        (json.dumps(HELLO | {"vocabularies": ["absent"]}), 1008, "absent"),
        (json.dumps(HELLO | {"initial_prompt": "x" * 9000}), 1008, "initial_prompt has 9000 characters: 8000"),
        (json.dumps(HELLO | {"hotwords": "x" * 9000}), 1008, "hotwords has 9000 characters: 8000"),
        (json.dumps(HELLO | {"initial_prompt": "x" * 20_000}), 1009, "bytes"),
        (b"\x00\x01", 1007, "JSON"),
    ],
)
async def test_bad_configuration_gets_its_reason_and_hurts_nobody_else(first, code, word):
    async with running() as server, client(server) as other:
        await other.hello()
        async with client(server) as raw:
            await raw.send(first)
            error = await raw.next()
            closed = await raw.rest()
        assert error["status"] == "ERROR"
        assert word in error["message"]
        assert closed[0] == code
        assert word in closed[1]
        await other.send(speech(0.8), b"END_OF_AUDIO")
        await other.rest()
        assert len(other.finals) == 1


@pytest.mark.parametrize(
    ("not_audio", "code", "label"), [(True, 1003, "impossible_audio"), (False, 1011, "session_failed")]
)
async def test_audio_that_comes_before_the_sessions_end_is_read_does_not_hide_why_it_ended(
    monkeypatch, not_audio, code, label
):
    push = FakeDictation.push

    def end_and_push(dictation: FakeDictation, samples: Samples) -> None:
        if dictation.pushed_samples:
            dictation.fail("this is why", not_audio=not_audio)
        push(dictation, samples)

    monkeypatch.setattr(FakeDictation, "push", end_and_push)
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.8) + silence(1), speech(0.8))
        closed = await raw.rest()
    assert closed == (code, "this is why")
    [error] = [message for message in raw.messages if message.get("status") == "ERROR"]
    assert (error["message"], error["code"]) == ("this is why", label)
    assert [segment["text"] for segment in raw.finals] == [" le patient"]


async def test_locale_is_understood():
    raw = None
    async with running() as server:
        raw = await dictate(server, language="fr-FR")
    assert len(raw.finals) == 1


async def test_language_is_sent_before_the_first_text_and_warnings_after_it():
    async with running() as server, client(server) as raw:
        await raw.hello(language=None, clip_audio=True)
        await raw.send(speech(0.8), b"END_OF_AUDIO")
        await raw.rest()
    kinds = [next(k for k in ("language", "status", "segments") if k in m) for m in raw.messages[1:]]
    assert kinds[:3] == ["language", "status", "segments"]


async def test_warnings_follow_ready_when_the_language_is_given():
    async with running() as server, client(server) as raw:
        await raw.hello(model="large-v3", max_clients=4)
        sentences = [(await raw.next())["message"], (await raw.next())["message"]]
    assert any("large-v3" in sentence for sentence in sentences)
    assert any("max_clients" in sentence for sentence in sentences)


async def test_torn_frame_ends_only_its_own_session():
    async with running() as server, client(server) as other, client(server) as raw:
        await other.hello()
        await raw.hello()
        await raw.send(b"\x00" * 6)
        code, reason = await raw.rest()
        assert (code, "float32" in reason) == (1007, True)
        assert raw.messages[-1]["status"] == "ERROR"
        await other.send(speech(0.4), b"END_OF_AUDIO")
        assert (await other.rest())[0] == 1000


@pytest.mark.parametrize(
    ("wrong", "code"),
    [(b"\x00" * 6, 1007), ("hello", 1007), ('{"event": "dance"}', 1007)],
    ids=["torn frame", "text", "unknown event"],
)
async def test_error_amid_speech_makes_it_final_before_the_close_says_why(wrong, code):
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.8), wrong)
        assert (await raw.rest())[0] == code
        assert [segment["text"] for segment in raw.finals] == [" le patient"]
        assert raw.messages[-1]["status"] == "ERROR"
        assert transcriber.dictations == {}


async def test_audio_in_another_format_than_declared_is_an_error_before_any_text():
    samples = (8000 * np.sin(np.arange(16_000) * 0.05)).astype("<i2").tobytes()
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send(samples)
        code, _ = await raw.rest()
    assert code == 1003
    assert [key for message in raw.messages for key in message if key == "segments"] == []
    error = raw.messages[-1]
    assert error["code"] == "impossible_audio"
    assert "16-bit integers declared as 32-bit floats" in error["message"]
    assert "audio_format" in error["message"]


async def test_frame_over_the_limit_is_refused_with_1009():
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send(bytes(MAX_MESSAGE_BYTES + 1))
        assert (await raw.rest())[0] == 1009


async def test_text_amid_audio_is_refused():
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send("hello?")
        assert (await raw.rest())[0] == 1007


async def test_client_without_configuration_is_closed_in_time(monkeypatch):
    monkeypatch.setattr(app, "SocketLimits", partial(SocketLimits, hello_s=0.05))
    async with running() as server, client(server) as raw:
        code, reason = await raw.rest()
        assert (code, "configuration" in reason) == (1008, True)


async def test_minutes_of_silence_give_no_text_and_end_well():
    async with running() as server, client(server) as raw:
        await raw.hello()
        for _ in range(120):
            await raw.send(silence(1))
        await raw.send(b"END_OF_AUDIO")
        assert await raw.rest() == (1000, "")
        assert raw.finals == []


async def test_overload_says_wait_in_minutes_and_closes_with_try_again_later():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        transcriber.refuse_with = Overloaded(retry_after_s=90)
        answer = await raw.hello()
        assert (answer["status"], answer["message"]) == ("WAIT", 1.5)
        assert (await raw.rest())[0] == 1013


async def test_no_model_is_an_error_with_its_reason():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        transcriber.refuse_with = NotReady("no version is in production")
        assert "no version is in production" in (await raw.hello())["message"]
        assert (await raw.rest())[0] == 1013


async def test_client_waits_while_the_first_model_is_loaded():
    transcriber = FakeTranscriber(version=None)
    transcriber._model = replace(transcriber.model, state="loading")
    async with running(transcriber) as server, client(server) as raw:
        waiting = asyncio.create_task(raw.hello())
        await until(lambda: transcriber._watchers)
        assert not waiting.done()
        transcriber.swap("fake-1")
        assert (await waiting)["model_version"] == "fake-1"


async def test_engine_failure_is_sent_to_its_client_and_logged_without_text(caplog):
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.8))
        await raw.until("segments")
        next(iter(transcriber.dictations.values())).fail("the engine is gone")
        code, reason = await raw.rest()
        assert (code, reason) == (1011, "the engine is gone")
        assert raw.messages[-1]["status"] == "ERROR"
    assert "patient" not in caplog.text


async def test_voice_at_another_sample_rate_ends_the_session_as_other_impossible_audio_does():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.8))
        await raw.until("segments")
        next(iter(transcriber.dictations.values())).fail("probably audio of 48 kHz", not_audio=True)
        code, reason = await raw.rest()
    assert (code, reason) == (1003, "probably audio of 48 kHz")
    assert (raw.messages[-1]["status"], raw.messages[-1]["code"]) == ("ERROR", "impossible_audio")


async def test_our_own_clients_get_acknowledgements_flushes_and_model_changes():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello(events=True)
        await raw.send(speech(0.8), json.dumps({"event": "flush"}))
        while (message := await raw.until("event"))["event"] != "flushed":
            pass
        assert message["audio_s"] == pytest.approx(0.8)
        transcriber.swap("fake-2")
        await raw.send(speech(0.8), b"END_OF_AUDIO")
        await raw.rest()
    events = [message["event"] for message in raw.messages if "event" in message]
    assert events.count("acknowledged") == 2
    assert "model" in events
    assert [segment["model_version"] for segment in raw.finals] == ["fake-1", "fake-2"]


async def test_spoken_command_is_an_event_for_our_own_clients():
    async with running(FakeTranscriber(("efface", "ça"))) as server, client(server) as raw:
        await raw.hello(events=True)
        await raw.send(speech(0.8), b"END_OF_AUDIO")
        await raw.rest()
    [command] = [message for message in raw.messages if message.get("event") == "command"]
    assert (command["utterance"], command["name"], command["said"]) == (0, "delete", "efface ça")
    assert raw.finals[0]["text"] == " efface ça"


async def test_stock_clients_get_nothing_they_would_not_know():
    transcriber = FakeTranscriber()
    async with running(transcriber) as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.8), silence(1))
        transcriber.swap("fake-2")
        await raw.send(speech(0.8), b"END_OF_AUDIO")
        await raw.rest()
    assert all(set(message) == {"uid", "segments"} for message in raw.messages[1:])


async def test_model_that_is_served_is_chosen_by_name_and_unknown_ones_get_the_default_with_a_warning():
    transcriber = FakeTranscriber(others=("radiologie",))
    async with running(transcriber) as server, client(server) as raw, client(server) as published:
        ready = await raw.hello(model="radiologie")
        assert (ready["model"], ready["model_version"]) == ("radiologie", "radiologie-1")
        [dictation] = transcriber.dictations.values()
        assert dictation.config.model == "radiologie"
        assert (await published.hello(model="base", uid="u2"))["model"] == "fake"
        assert "'base' is not loaded" in (await published.until("status"))["message"]
    assert not [message for message in raw.messages if "status" in message]
