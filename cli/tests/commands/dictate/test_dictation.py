"""A dictation that is ended by a signal: the text so far is written, whoever ends it and whatever the server does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from carabin.transcriber.testing.server import serving, silence, speech
from carabin.transcriber.testing.transcriber import FakeTranscriber

MICROPHONE = """
import threading
import numpy as np

PortAudioError = RuntimeError


class InputStream:
    def __init__(self, _rate_hz, size, channels, dtype, callback, finished_callback):
        self._block, self._callback, self._closed = np.full((size, 1), 0.5, dtype), callback, threading.Event()

    def __enter__(self):
        threading.Thread(target=self._record, daemon=True).start()

    def _record(self):
        number = 0
        while not self._closed.wait(0.01):
            self._callback(self._block * (number < 7), len(self._block), None, None)
            number += 1

    def __exit__(self, *_):
        self._closed.set()
"""
"""0.7 s of speech, then silence."""


class Hanging(FakeTranscriber):
    """Never says that a dictation is over."""

    def open(self, config, identity=None, *, recording=False):
        dictation = super().open(config, identity, recording=recording)
        dictation.finish = lambda: asyncio.sleep(3600)
        return dictation


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "dictation.wav"
    soundfile.write(path, np.concatenate([speech(0.7), silence(60)]), 16_000)
    return str(path)


@pytest.fixture
def microphone(tmp_path):
    """The environment of a process with a microphone."""
    (tmp_path / "sounddevice.py").write_text(MICROPHONE)
    return {"PYTHONPATH": str(tmp_path)}


@contextmanager
def dictating(*arguments, environment=None):
    """Run until the first final is on standard error."""
    command = [sys.executable, "-m", "carabin.cli", "dictate", *arguments, "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | (environment or {}),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # ignored where the tests run under nohup
    ) as process:  # fmt: skip
        try:
            for line in process.stderr:
                if "le patient" in line:
                    break
            yield process
        finally:
            process.kill()


def end(process, *signals):
    for each in signals:
        process.send_signal(each)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    document = json.loads(out)
    assert [segment["formatted"] for segment in document["segments"]] == ["le patient"]
    return process.returncode, document


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_recording_that_is_ended_by_a_signal_leaves_its_text_and_says_where_it_ended(number, recording):
    with serving() as server, dictating(recording, "--server", server.url) as process:
        code, document = end(process, number)
    assert (code, document["complete"]) == (128 + number, False)
    assert "what follows was not transcribed" in document["warnings"][0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_is_the_end_of_a_dictation_to_the_microphone(number, microphone):
    with serving() as server, dictating("--mic", "--server", server.url, environment=microphone) as process:
        code, document = end(process, number)
    assert (code, document["complete"], document["warnings"]) == (0, True, [])


def test_second_signal_ends_the_waiting_for_a_server_that_hangs(microphone):
    with serving(Hanging()) as server, dictating("--mic", "--server", server.url, environment=microphone) as process:
        code, document = end(process, signal.SIGINT, signal.SIGTERM)
    assert (code, document["complete"]) == (128 + signal.SIGTERM, False)
    assert "what was not final yet is lost" in document["warnings"][0]


def test_terminal_that_closes_and_says_so_twice_costs_no_text(recording):
    with serving() as server, dictating(recording, "--server", server.url) as process:
        process.stderr.close()
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
        out = process.stdout.read()
        assert process.wait(60) == 128 + signal.SIGHUP
    assert len(json.loads(out)["warnings"]) == 1
