"""From the server's messages to events: a repeated final is reported once, and numbers go on over sessions."""

import json

import pytest
from carabin.client import (
    Acknowledged,
    Command,
    FinalText,
    Flushed,
    PartialText,
    ServerBusy,
    ServerRefused,
    Warned,
)
from carabin.client.messages import Reader


def segment(start: float, end: float, text: str, *, completed: bool = True, **more) -> dict:
    return {"start": f"{start:.3f}", "end": f"{end:.3f}", "text": text, "completed": completed, **more}


def test_reader_yields_a_repeated_final_once_from_a_server_without_numbers():
    reader = Reader()
    first = list(reader.read({"segments": [segment(0, 1, " a"), segment(1, 2, " b", completed=False)]}))
    second = list(reader.read({"segments": [segment(0, 1, " a"), segment(1, 2, " b"), segment(2, 3, " b")]}))
    assert [type(event) for event in first] == [FinalText, PartialText]
    assert [(event.utterance, event.text) for event in second] == [(1, " b"), (2, " b")]


def test_reader_goes_on_counting_over_sessions():
    reader = Reader()
    list(reader.read({"segments": [segment(0, 1, " a", utterance=3)]}))
    reader.begin_session(10.0)
    [final] = reader.read({"segments": [segment(0.5, 1, " b", utterance=0)]})
    assert (final.utterance, final.start_s) == (4, 10.5)
    assert reader.session_utterance == 0


@pytest.mark.parametrize(
    ("more", "settled"),
    [
        ({"stable": 11, "formatted": "tension à 12/8", "formatted_settled": 9}, 9),
        ({"stable": 3, "formatted": "12", "formatted_settled": 0}, 0),
        ({}, None),
    ],
    ids=["part", "nothing yet", "WhisperLive server"],
)
def test_reader_yields_how_much_of_a_formatted_partial_is_settled(more, settled):
    [partial] = Reader().read({"segments": [segment(0, 1, " tension à douze sur huit", completed=False, **more)]})
    assert isinstance(partial, PartialText)
    assert partial.formatted_settled == settled


def test_reader_ignores_messages_it_does_not_know():
    assert list(Reader().read(json.loads('{"uid": "u", "translated_segments": []}'))) == []


def test_reader_reads_commands():
    message = {"event": "command", "utterance": 2, "name": "delete", "argument": ""}
    assert list(Reader().read(message)) == [Command(2, "delete", "")]


def test_reader_turns_each_status_into_what_a_caller_acts_on():
    with pytest.raises(ServerBusy) as busy:
        list(Reader().read({"status": "WAIT", "message": 1.5}))
    assert busy.value.retry_after_s == 90
    with pytest.raises(ServerRefused, match="language xx is not served"):
        list(Reader().read({"status": "ERROR", "message": "language xx is not served"}))
    assert list(Reader().read({"status": "WARNING", "message": "clipped"})) == [Warned("clipped")]


def test_reader_counts_the_servers_times_from_where_its_session_began():
    reader = Reader()
    reader.begin_session(10.0)
    messages = [{"event": "acknowledged", "audio_s": "1.5"}, {"event": "flushed", "audio_s": 2}]
    assert [event for message in messages for event in reader.read(message)] == [Acknowledged(11.5), Flushed(12.0)]
    [partial] = reader.read({"segments": [segment(0.5, 1, " a", completed=False)]})
    assert (partial.start_s, partial.end_s) == (10.5, 11.0)


def test_language_that_is_said_again_is_one_event():
    reader = Reader()
    message = {"language": "fr", "language_prob": 0.9}
    assert len([*reader.read(message), *reader.read(message)]) == 1


def test_reader_yields_which_words_came_from_the_lexicon():
    said = {"segments": [segment(0, 1, " bisoprolol", utterance=0, lexicon=["bisoprolol"])]}
    [final] = Reader().read(said)
    assert final.lexicon == ("bisoprolol",)


@pytest.mark.parametrize(
    ("formatted", "written"), [(None, "douze sur huit"), ("12/8", "12/8"), ("", "")], ids=["none", "text", "a command"]
)
def test_what_is_written_is_the_formatted_text_even_where_it_is_empty(formatted, written):
    more = {} if formatted is None else {"formatted": formatted}
    (final,) = Reader().read({"segments": [segment(0, 1, " douze sur huit", **more)]})
    assert final.written == written
