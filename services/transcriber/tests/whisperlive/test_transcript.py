"""The segments of a session: what a partial promises of its formatted text is kept."""

import pytest
from carabin.transcriber.core.events import Final, Partial
from carabin.transcriber.formatting import Formatter
from carabin.transcriber.whisperlive.transcript import KEPT_SEGMENTS, Segment, Transcript

SAID = " tension à douze sur huit virgule pouls à soixante-dix battements par minute point pas de fièvre"
WRONG_TAILS = (" de", " virgule", " cent", " point à la ligne", "")


def shown(transcript: Transcript, revision: int, stable: str, tail: str) -> Segment:
    transcript.partial(Partial(1, revision, 1.0, 2.0, stable, tail, "v1", "fr"))
    return transcript.segments(0)[-1]


def test_settled_part_of_a_formatted_partial_only_grows_and_begins_the_next_and_the_final() -> None:
    transcript = Transcript(Formatter())
    transcript.final(Final(0, 0.0, 1.0, " bonjour point", (), 0.9, "v1", "fr"))  # Its carry asks for a capital.
    words = [f" {word}" for word in SAID.split()]
    settled = [""]
    for count in range(len(words) + 1):
        for tail in WRONG_TAILS:
            if not count and not tail:
                continue
            segment = shown(transcript, len(settled), "".join(words[:count]), tail)
            assert segment["formatted"].startswith(settled[-1])
            settled.append(segment["formatted"][: segment["formatted_settled"]])
            assert settled[-1].startswith(settled[-2])
    transcript.final(Final(1, 1.0, 2.0, SAID, (), 0.9, "v1", "fr"))
    final = transcript.segments(1)[-1]
    assert final["formatted"].startswith(settled[-1])
    assert settled[-1].startswith("Tension à 12/8,")
    assert "formatted_settled" not in final


def test_number_that_may_go_on_is_shown_but_not_settled() -> None:
    segment = shown(Transcript(Formatter()), 0, " tension à douze sur", " huit")
    assert segment["formatted"] == "tension à 12/8"
    assert segment["formatted"][: segment["formatted_settled"]] == "tension à"


def test_without_a_formatter_nothing_is_said_of_formatted_text() -> None:
    segment = shown(Transcript(), 0, " le", " patient")
    assert not {"formatted", "formatted_settled"} & set(segment)


def test_completed_segment_lists_the_lexicons_entries_where_there_are_some() -> None:
    transcript = Transcript(events=True)
    transcript.final(Final(0, 0.0, 1.0, " le patient", (), 0.9, "v1", "fr"))
    transcript.final(Final(1, 1.0, 2.0, " bisoprolol", (), 0.9, "v1", "fr", lexicon=("bisoprolol",)))
    plain, entered = transcript.segments(2)
    assert "lexicon" not in plain
    assert entered["lexicon"] == ["bisoprolol"]


def test_client_that_asked_for_no_events_is_sent_no_entries_of_the_lexicon() -> None:
    transcript = Transcript()
    transcript.final(Final(1, 1.0, 2.0, " bisoprolol", (), 0.9, "v1", "fr", lexicon=("bisoprolol",)))
    [segment] = transcript.segments(1)
    assert "lexicon" not in segment


def test_a_session_of_hours_keeps_no_more_than_may_be_asked_for_again() -> None:
    transcript = Transcript(Formatter())
    for i in range(KEPT_SEGMENTS + 500):
        transcript.final(Final(i, 4.0 * i, 4.0 * i + 3.0, SAID, (), 0.9, "v1", "fr"))
    assert len(transcript.completed) == KEPT_SEGMENTS
    assert transcript.count_after(KEPT_SEGMENTS + 489) == 10
    newest = transcript.segments(10)
    assert [segment["utterance"] for segment in newest] == list(range(KEPT_SEGMENTS + 490, KEPT_SEGMENTS + 500))
    shown(transcript, 0, " tension", "")
    assert transcript.segments(0)[0]["start"] >= newest[-1]["end"]


@pytest.mark.parametrize("end", [16_000, 16_010, 16_011])
def test_a_partial_whose_audio_holds_no_words_is_taken_away_where_its_end_is_rounded_up(end: int) -> None:
    transcript = Transcript()
    transcript.partial(Partial(0, 0, 0.2, end / 16_000, "", " Sous-titres", "v1", "fr"))
    assert not transcript.acknowledge((end - 160) / 16_000)
    assert transcript.acknowledge(end / 16_000)
    assert transcript.segments(1) == []
