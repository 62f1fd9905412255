"""What a dictation shows and writes: the formatted text, and Whisper's own where there is none, in each form."""

import json

import pytest
from carabin.cli.commands.dictate.screen import Screen, write
from carabin.client import FinalText, ModelSwitched, PartialText

FINALS = [
    FinalText(0, 0, 1, " douze sur huit", "12/8", None, "v1"),
    FinalText(1, 1, 2, " pas de fièvre", None, None, "v1"),
]


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("text", "12/8\npas de fièvre\n"),
        ("srt", "1\n00:00:00,000 --> 00:00:01,000\n12/8\n\n2\n00:00:01,000 --> 00:00:02,000\npas de fièvre\n"),
    ],
)
def test_a_transcript_has_the_formatted_text_and_whispers_own_where_there_is_none(form, written, capsys):
    write(FINALS, form, complete=True)
    assert capsys.readouterr().out.strip("\n") == written.strip("\n")


def test_json_says_whether_all_of_it_is_there(capsys):
    write(FINALS[:1], "json", complete=False)
    document = json.loads(capsys.readouterr().out)
    assert document["complete"] is False
    assert document["segments"][0]["formatted"] == "12/8"


def test_where_no_terminal_is_only_what_is_final_is_written_with_its_model(capsys):
    with Screen(quiet=False) as screen:
        for event in (
            PartialText(0, 1, " douze", 3, None, None, "v1"),
            FINALS[0],
            ModelSwitched("v2", "v1"),
        ):
            screen.show(event)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.strip() for line in err.splitlines()] == [
        "0.00-1.00 s  [v1]  12/8",
        "from here on the model is v2",
    ]


def test_a_quiet_screen_shows_nothing(capsys):
    with Screen(quiet=True) as screen:
        screen.show(FINALS[0])
    assert capsys.readouterr() == ("", "")
