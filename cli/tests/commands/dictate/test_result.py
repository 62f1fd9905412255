"""What a dictation writes: the formatted text, and Whisper's own where there is none, in each form."""

import json

import pytest
from carabin.cli.commands.dictate.result import write
from carabin.client import FinalText

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
