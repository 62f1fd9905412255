"""Subtitles as players read them."""

from carabin.service.subtitles import Cue, subrip, webvtt

CUES = [Cue(0.0, 1.5, " le patient"), Cue(3661.0005, 3662.25, "Examen :\n\nnormal.")]


def test_subrip_numbers_its_cues_and_writes_commas():
    assert subrip(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\nle patient\n\n2\n01:01:01,000 --> 01:01:02,250\nExamen :\nnormal.\n"
    )


def test_webvtt_has_its_head_and_writes_full_stops():
    assert webvtt(CUES[:1]) == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nle patient\n"


def test_signs_that_a_player_would_take_for_markup_are_escaped_in_webvtt_and_not_in_subrip():
    cues = [Cue(0.0, 1.0, "potassium <3,5 & sodium >145")]
    assert webvtt(cues).splitlines()[-1] == "potassium &lt;3,5 &amp; sodium &gt;145"
    assert subrip(cues).splitlines()[-1] == "potassium <3,5 & sodium >145"


def test_blank_line_in_a_text_ends_no_cue():
    assert subrip(CUES).count("\n\n") == len(CUES) - 1


def test_nothing_said_is_an_empty_file():
    assert subrip([]) == ""
    assert webvtt([]) == "WEBVTT\n\n"
