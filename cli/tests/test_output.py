"""What a command prints, on terminals that are not UTF-8: every word, and JSON that can be read."""

import json
import os
import re
import subprocess
import sys

import pytest

SAID = "L’œdème a disparu : β-bloquant 5 µg."
TRANSCRIPT = f"""
from carabin.client import FinalText
from carabin.cli.commands.dictate.result import write
from carabin.service.output import never_lose_output
never_lose_output()
final = FinalText(1, 0.0, 1.0, {SAID!a}, None, None, None)
write([final], FORM, True)
"""
ENCODINGS = ["ascii", "iso-8859-15", "cp1252", "cp850", "utf-8"]


def output_of(*command: str, encoding: str) -> str:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["text", "srt", "json"])
def test_a_transcript_keeps_every_word(form: str, encoding: str) -> None:
    written = output_of("-c", f"FORM = {form!r}\n{TRANSCRIPT}", encoding=encoding)
    if form == "json":
        assert json.loads(written)["segments"][0]["text"] == SAID
    else:
        assert re.search(r"L['’](œ|oe)d[èe]me a disparu : .+-bloquant 5 (µ|micro)g\.", written)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_table_is_printed(options: tuple[str, ...], encoding: str) -> None:
    assert "CARABIN_STORE_ENDPOINT" in output_of("-m", "carabin.cli", "settings", "store", *options, encoding=encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_help_is_printed(encoding: str) -> None:
    assert "Example" in output_of("-m", "carabin.cli", "dictate", "--help", encoding=encoding)
