"""Clinicians' workstations that run WhisperLive's client today work with our server as they are."""

import json
import re
import socket
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from .conftest import HERE, Published


def received(run: CompletedProcess[str]) -> dict:
    """Return the JSON that a driver prints last."""
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return json.loads(run.stdout.strip().splitlines()[-1])


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def test_file_client_writes_every_final_to_its_srt(
    published: Published, service_port: int, recording: Path, tmp_path: Path
):
    srt = tmp_path / "out.srt"
    said = received(published.run(HERE / "drive_file_client.py", service_port, recording, srt, cwd=tmp_path))
    assert not said["server_error"]
    assert [segment["completed"] for segment in said["transcript"]] == [True, True]
    assert "douleur thoracique" in srt.read_text()
    assert words(said["transcript"][1]["text"])[:3] == ["il", "n", "a"]
    assert all(segment["model_version"] for segment in said["transcript"])


def test_streaming_client_gets_the_last_words_before_it_gives_up_waiting(
    published: Published, service_port: int, recording: Path, tmp_path: Path
):
    said = received(published.run(HERE / "drive_streaming_client.py", service_port, recording, cwd=tmp_path))
    assert len(said["committed"]) == 2
    assert words(said["committed"][1])[:3] == ["il", "n", "a"]
    assert said["partials"] > 0


def test_published_end_to_end_tests_pass_unchanged(
    published: Published, published_tests: Path, base_model: Path, monkeypatch
):
    if _taken(9090):
        pytest.skip("another server listens on port 9090, which the published tests cannot change")
    monkeypatch.setenv("CARABIN_COMPATIBILITY_MODEL", str(base_model))
    monkeypatch.setenv("CARABIN_TRANSCRIBER_GRPC_PORT", "0")
    run = published.run(published_tests / "run_tests.py", cwd=published_tests)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert "Ran 2 tests" in run.stderr


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
