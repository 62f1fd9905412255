"""No encoding of a terminal loses a word or ends in a traceback."""

import os
import pty
import subprocess
import sys

import pytest
from carabin.service.output import HANDLER, never_lose_output, takes_all_characters

SAID = "L’œdème s’est résorbé… 5 µg → β-bloquant, « 37,5 °C »\udce9"
PRINT = f"from carabin.service.output import never_lose_output as f; f(); print({SAID!a})"


def printed(encoding: str | None) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    if encoding:
        environment["PYTHONIOENCODING"] = encoding
    done = subprocess.run([sys.executable, "-c", PRINT], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.rstrip(b"\r\n")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (
            "ascii",
            "L'oedeme s'est resorbe... 5 microg -> \\N{GREEK SMALL LETTER BETA}-bloquant, \" 37,5  degC \"\\udce9",
        ),
        ("iso-8859-15", "L'œdème s'est résorbé... 5 µg -> \\N{GREEK SMALL LETTER BETA}-bloquant, « 37,5 °C »\\udce9"),
        ("cp1252", "L’œdème s’est résorbé… 5 µg -> \\N{GREEK SMALL LETTER BETA}-bloquant, « 37,5 °C »\\udce9"),
        ("utf-8", "L’œdème s’est résorbé… 5 µg → β-bloquant, « 37,5 °C »\\udce9"),
    ],
)
def test_what_an_encoding_lacks_is_written_so_that_it_can_be_read(encoding: str, expected: str) -> None:
    assert printed(encoding).decode(encoding) == expected


def test_what_is_redirected_is_utf_8_whatever_the_locale() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment.pop("PYTHONIOENCODING", None)
    done = subprocess.run([sys.executable, "-c", PRINT], env=environment, capture_output=True, check=True)
    assert done.stdout.decode().startswith("L’œdème s’est résorbé… 5 µg → β-bloquant")


def test_a_terminal_keeps_its_own_encoding() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment.pop("PYTHONIOENCODING", None)
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", PRINT], env=environment, stdout=theirs) as process:
        os.close(theirs)
        written = b""
        while b"\n" not in written:
            written += os.read(ours, 1024)
        assert process.wait() == 0
    os.close(ours)
    assert written.startswith(b"L'oedeme s'est resorbe... 5 microg -> \\N{GREEK SMALL LETTER BETA}-bloquant")


def test_only_failures_to_encode_are_handled() -> None:
    never_lose_output()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", errors=HANDLER)


def test_utf_encodings_take_all_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert takes_all_characters(sys.stdout)
