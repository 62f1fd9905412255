"""What a dictation shows while it runs."""

from carabin.cli.commands.dictate.screen import Screen
from carabin.client import FinalText, ModelSwitched, PartialText

FINAL = FinalText(0, 0, 1, " douze sur huit", "12/8", None, "v1")


def test_where_no_terminal_is_only_what_is_final_is_written_with_its_model(capsys):
    with Screen(quiet=False) as screen:
        for event in (
            PartialText(0, 1, " douze", 3, None, None, "v1"),
            FINAL,
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
        screen.show(FINAL)
    assert capsys.readouterr() == ("", "")
