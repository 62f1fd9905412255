"""A transcript in the forms of OpenAI's API: cues that players read, and pieces whose times are those of the file."""

import json
import math
from dataclasses import replace

import pytest
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.events import Final, Word
from carabin.transcriber.openai_api.formats import full_text, srt, sse, verbose, vtt


def final(text: str, start_s: float, end_s: float, confidence: float = 1.0) -> Final:
    return Final(0, start_s, end_s, text, (Word(text, start_s, end_s, 0.9),), confidence, "v1", "fr")


def test_a_clock_carries_milliseconds_into_seconds_and_minutes_into_hours() -> None:
    cue = final(" Oui.", 59.9996, 3661.25)
    assert srt([cue]) == "1\n00:01:00,000 --> 01:01:01,250\nOui.\n"
    assert vtt([cue]) == "WEBVTT\n\n00:01:00.000 --> 01:01:01.250\nOui.\n"


def test_cues_are_numbered_from_one_and_parted_by_an_empty_line() -> None:
    assert srt([final(" a", 0, 1), final(" b", 1, 2)]).split("\n\n")[1].splitlines()[::2] == ["2", "b"]
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n\n"


def spoken(text: str, start_s: float, word_s: float = 0.5) -> Final:
    words = [f" {word}" for word in text.split()]
    timed = [Word(word, start_s + word_s * n, start_s + word_s * (n + 1), 0.9) for n, word in enumerate(words)]
    return Final(0, start_s, timed[-1].end_s, "".join(words), tuple(timed), 1.0, "v1", "fr")


def test_each_sentence_of_an_utterance_is_a_cue_with_the_times_of_its_words() -> None:
    utterance = spoken("Pas de fièvre. Toux sèche ? Le Dr. Martin : « Oui. » 12. mai", 10.0)
    assert srt([utterance, spoken("Fin.", 20.0)]).split("\n\n") == [
        "1\n00:00:10,000 --> 00:00:11,500\nPas de fièvre.",
        "2\n00:00:11,500 --> 00:00:13,000\nToux sèche ?",
        "3\n00:00:13,000 --> 00:00:16,500\nLe Dr. Martin : « Oui. »",
        "4\n00:00:16,500 --> 00:00:17,500\n12. mai",
        "5\n00:00:20,000 --> 00:00:20,500\nFin.\n",
    ]


def test_an_utterance_whose_words_have_no_times_is_one_cue() -> None:
    utterance = replace(spoken("Pas de fièvre. Toux sèche.", 0.0), words=())
    assert srt([utterance]) == "1\n00:00:00,000 --> 00:00:02,500\nPas de fièvre. Toux sèche.\n"


def test_a_confidence_of_zero_does_not_end_the_answer() -> None:
    finals = [final(" le", 0, 1, confidence=0.5), final(" patient", 1, 2, confidence=0.0)]
    segments = verbose(finals, 2.0, SessionConfig())["segments"]
    assert segments[0]["avg_logprob"] == pytest.approx(math.log(0.5), abs=1e-4)
    assert math.isfinite(segments[1]["avg_logprob"])


def test_a_server_sent_event_is_one_line_whatever_its_text() -> None:
    event = sse({"delta": "é\n\nà"})
    assert event.endswith("\n\n")
    assert event.count("\n") == 2
    assert json.loads(event.removeprefix("data: ")) == {"delta": "é\n\nà"}


def test_the_whole_text_begins_without_whispers_space() -> None:
    assert full_text([final(" le", 0, 1), final(" patient", 1, 2)]) == "le patient"


def test_segments_list_the_lexicons_entries_where_there_are_some() -> None:
    finals = [final(" le patient", 0, 1), replace(final(" bisoprolol", 1, 2), lexicon=("bisoprolol",))]
    plain, entered = verbose(finals, 2.0, SessionConfig())["segments"]
    assert "lexicon" not in plain
    assert entered["lexicon"] == ["bisoprolol"]
