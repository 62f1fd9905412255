"""The ten points that published WhisperLive clients depend on, whatever the events were."""

import itertools
import json

import pytest
from carabin.transcriber.core.events import AudioAcknowledged, Final, LanguageDetected, ModelChanged, Partial, Word
from carabin.transcriber.whisperlive.hello import parse_hello
from carabin.transcriber.whisperlive.messages import ready
from carabin.transcriber.whisperlive.outgoing import OutgoingMessages

from ..helpers.servers import client, running, silence, speech


def outbox(warnings: tuple[str, ...] = (), **fields: object) -> OutgoingMessages:
    hello = parse_hello(json.dumps({"uid": "u", "language": "fr"} | fields))
    return OutgoingMessages(hello, warnings)


def final(number: int, start_s: float, end_s: float, text: str = " Oui.", words: tuple[Word, ...] = ()) -> Final:
    return Final(number, start_s, end_s, text, words, 0.9, "v1", "fr")


def partial(number: int, start_s: float, end_s: float, stable: str, tail: str) -> Partial:
    return Partial(number, 0, start_s, end_s, stable, tail, "v1", "fr")


async def sent(box: OutgoingMessages) -> list[dict]:
    box.close()
    reader, messages = box.attach(), []
    while (message := await box.next(reader)) is not None:
        messages.append(json.loads(message))
    return messages


async def test_1_backend_is_the_one_that_clients_keep_segments_of():
    async with running() as server, client(server) as raw:
        assert (await raw.hello())["backend"] == "faster_whisper"


async def test_2_segments_are_never_empty():
    box = outbox()
    box.add(partial(0, 0, 1, "", " "))
    box.add(AudioAcknowledged(1.0))
    assert all(message.get("segments") != [] for message in await sent(box))
    assert await sent(outbox()) == []


async def test_3_segments_message_has_neither_language_nor_status():
    box = outbox(language=None)
    box.add(LanguageDetected("fr", 0.9))
    box.add(ModelChanged("v2", "v1"))
    box.add(final(0, 0, 1))
    for message in await sent(box):
        if "segments" in message:
            assert set(message) == {"uid", "segments"}


async def test_4_segment_never_starts_before_the_end_of_the_last():
    box = outbox()
    box.add(final(0, 0.0, 1.0006, " un"))
    box.add(final(1, 1.0002, 2.0, " deux"))
    box.add(final(2, 1.99, 1.995, " trois"))
    segments = (await sent(box))[-1]["segments"]
    times = [(float(segment["start"]), float(segment["end"])) for segment in segments]
    assert all(later[0] >= earlier[1] for earlier, later in itertools.pairwise(times))
    assert all(start <= end for start, end in times)


@pytest.mark.parametrize("text", [" Oui.", "Oui."])
async def test_5_text_has_its_leading_space(text):
    box = outbox()
    box.add(final(0, 0, 1, text))
    box.add(partial(1, 1, 2, "No", "n"))
    assert [segment["text"] for segment in (await sent(box))[-1]["segments"]] == [" Oui.", " Non"]


async def test_6_completed_segment_is_never_revised():
    box, reader, seen = outbox(), 0, {}
    reader = box.attach()
    for number in range(30):
        box.add(partial(number, number, number + 0.5, " a", " b"))
        box.add(final(number, number, number + 1, f" phrase {number}."))
        for segment in json.loads(await box.next(reader) or "")["segments"]:
            if segment["completed"]:
                assert seen.setdefault(segment["start"], segment) == segment
    assert len(seen) == 30


async def test_7_keys_of_ours_stand_beside_those_that_clients_know():
    box = outbox(word_timestamps=True)
    box.add(final(4, 0, 1, words=(Word(" Oui.", 0, 1, 0.5),)))
    [segment] = (await sent(box))[-1]["segments"]
    assert segment == {
        "start": "0.000",
        "end": "1.000",
        "text": " Oui.",
        "completed": True,
        "words": [{"word": " Oui.", "start": "0.000", "end": "1.000", "probability": 0.5}],
        "utterance": 4,
        "model_version": "v1",
        "confidence": 0.9,
        "formatted": "Oui.",
    }


async def test_8_ready_comes_first_and_the_language_before_warnings_and_segments():
    async with running() as server, client(server) as raw:
        first = await raw.hello(language=None, clip_audio=True)
        await raw.send(speech(0.5), b"END_OF_AUDIO")
        await raw.rest()
    assert first["message"] == "SERVER_READY"
    assert "language" in raw.messages[1]
    assert {"status", "segments"} <= {key for message in raw.messages[2:] for key in message}


async def test_9_everything_is_sent_before_the_close_that_follows_end_of_audio():
    async with running() as server, client(server) as raw:
        await raw.hello()
        await raw.send(speech(0.5), silence(1), speech(0.5), b"END_OF_AUDIO")
        assert await raw.rest() == (1000, "")
    assert len(raw.finals) == 2
    assert all(segment["completed"] for segment in raw.messages[-1]["segments"])


async def test_10_plain_close_is_an_end():
    async with running() as server:
        async with client(server) as raw:
            await raw.hello()
            await raw.send(speech(0.5))
        await server.parts.admission.wait_empty()


async def test_final_unlike_its_partial_is_shown_as_partial_before_it_is_completed():
    """The published file client appends the last partial to its SRT when no completed segment has its text."""
    box, reader = outbox(), 0
    reader = box.attach()
    box.add(partial(0, 0, 1, " Le", " pacient"))
    await box.next(reader)
    box.add(final(0, 0, 1, " Le patient."))
    shown = json.loads(await box.next(reader) or "")["segments"]
    done = json.loads(await box.next(reader) or "")["segments"]
    assert [(segment["text"], segment["completed"]) for segment in shown] == [(" Le patient.", False)]
    assert [(segment["text"], segment["completed"]) for segment in done] == [(" Le patient.", True)]


async def test_final_like_its_partial_is_sent_once():
    box = outbox()
    reader = box.attach()
    box.add(partial(0, 0, 1, " Le", " patient."))
    await box.next(reader)
    box.add(final(0, 0, 1, " Le patient."))
    assert len(await sent(box)) == 1


async def test_noise_shown_as_partial_leaves_the_last_final_as_what_was_shown_last():
    box = outbox()
    reader = box.attach()
    box.add(final(0, 0, 1, " Oui."))
    await box.next(reader)
    box.add(partial(1, 1, 2, "", " bruit"))
    await box.next(reader)
    box.add(AudioAcknowledged(2.5))
    texts = [[(s["text"], s["completed"]) for s in message["segments"]] for message in await sent(box)]
    assert texts == [[(" Oui.", False)], [(" Oui.", True)]]


async def test_partial_is_last_as_the_oldest_clients_read_it():
    box = outbox()
    box.add(final(0, 0, 1, " un"))
    box.add(partial(1, 1, 2, " de", "ux"))
    segments = (await sent(box))[-1]["segments"]
    assert [segment["completed"] for segment in segments] == [True, False]
    assert segments[-1]["text"][: segments[-1]["stable"]] == " de"


async def test_history_is_as_long_as_the_client_asked_and_slow_readers_miss_no_final():
    box = outbox(send_last_n_segments=2)
    for number in range(5):
        box.add(final(number, number, number + 1))
    box.add(final(5, 5, 6))
    [message] = await sent(box)
    assert [segment["utterance"] for segment in message["segments"]] == [0, 1, 2, 3, 4, 5]
    box = outbox(send_last_n_segments=2)
    reader = box.attach()
    for number in range(5):
        box.add(final(number, number, number + 1))
        message = json.loads(await box.next(reader) or "")
    assert [segment["utterance"] for segment in message["segments"]] == [3, 4]


async def test_partials_of_a_slow_reader_are_replaced_by_the_newest():
    box = outbox()
    for n in range(10):
        box.add(partial(0, 0, n + 1, " a" * n, " b"))
    messages = await sent(box)
    assert len(messages) == 1
    assert messages[0]["segments"][0]["end"] == "10.000"


async def test_partial_whose_audio_held_no_words_is_taken_away():
    box = outbox()
    box.add(final(0, 0, 1))
    box.add(partial(1, 1, 2, "", " bruit"))
    box.add(AudioAcknowledged(2.5))
    box.add(final(2, 3, 4))
    assert all(segment["completed"] for segment in (await sent(box))[-1]["segments"])


def test_ready_names_the_model_that_serves():
    from carabin.transcriber.core.api import ModelInfo

    message = json.loads(ready("u", "s", ModelInfo("cardio", "v7", "steady")))
    assert (message["model"], message["model_version"]) == ("cardio", "v7")
