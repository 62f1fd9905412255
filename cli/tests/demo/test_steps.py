"""The demo's steps: a command that fails and a server that ends are named, and nothing is left running."""

import io
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from carabin.cli.demo import steps as steps_module
from carabin.cli.demo.steps import DemoFailed, Steps, require_port, served
from rich.console import Console


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def run_instead(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let this Python program stand where the `carabin` command is."""
    monkeypatch.setattr(steps_module, "CARABIN", (sys.executable, "-c", program))


def test_steps_are_numbered_and_timed_and_a_step_that_fails_is_not_done(console: Console) -> None:
    steps = Steps(console)
    with steps.step("First"):
        steps.note("something")
    with pytest.raises(DemoFailed), steps.step("Second"):
        raise DemoFailed("no")
    assert list(steps.seconds) == ["First"]
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().split("\n")
    assert "1. First" in lines
    assert "2. Second" in lines
    assert sum("done in" in line for line in lines) == 1


def test_a_command_gives_its_json_and_is_shown_as_a_person_would_type_it(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_instead(monkeypatch, "import json, sys; print(json.dumps(sys.argv[1:]))")
    assert Steps(console).carabin("train", "a b") == ["train", "a b", "--json"]
    assert isinstance(console.file, io.StringIO)
    assert "$ carabin train 'a b'" in console.file.getvalue()


def test_a_command_that_fails_ends_the_demo_by_name(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "raise SystemExit(3)")
    with pytest.raises(DemoFailed, match="`carabin export` ended with code 3"):
        Steps(console).carabin("export", "run")


def test_a_port_that_is_taken_is_said_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoFailed, match=f"port {port} cannot be used"):
            require_port(port)
    assert require_port(port) == port


def test_port_0_becomes_one_that_can_be_asked() -> None:
    assert require_port(0) > 0


def test_a_server_that_ends_at_once_is_named_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "print('no model', flush=True); raise SystemExit(4)")
    monkeypatch.setattr(steps_module, "READY_POLL_S", 0.01)
    log = tmp_path / "server.log"
    with (
        pytest.raises(DemoFailed, match=rf"the transcriber ended with code 4; its log is {log}"),
        served((), port=9, log=log, environment={}),
    ):
        pytest.fail("it was never ready")
    assert log.read_text() == "no model\n"


SERVER = """
import http.server, os, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["DEMO_PORT"])), Ready).serve_forever()
"""


def test_a_server_is_ready_inside_the_block_and_gone_after_it_whatever_proxy_the_site_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    run_instead(monkeypatch, SERVER)
    monkeypatch.setattr(steps_module, "READY_POLL_S", 0.01)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*arguments: object, **settings: object) -> "subprocess.Popen[bytes]":
        started.append(popen(*arguments, **settings))  # type: ignore[call-overload]
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served((), port, tmp_path / "server.log", {"DEMO_PORT": str(port)}):
        assert started[0].poll() is None
    assert started[0].returncode == -15
