"""`carabin store` starts, finds and stops the embedded store, and its exit codes are true."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.registry.connect import connect, store_settings
from carabin.registry.embedded.ports import free_ports
from carabin.registry.embedded.store import EmbeddedStore

from ..conftest import words


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARABIN_DATA_DIR", str(tmp_path))
    for field in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "SECURE"):
        monkeypatch.delenv(f"CARABIN_STORE_{field}", raising=False)
    return tmp_path


def test_start_status_stop(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "status"]) == 1
    assert "No store runs" in capfd.readouterr().out
    try:
        assert main(["store", "start", "--port", "0", "--json"]) == 0
        shown = json.loads(capfd.readouterr().out)
        assert shown["running"]
        assert "secret_key" not in shown
        settings = store_settings()
        assert settings.endpoint == shown["endpoint"]
        assert connect().list(settings.models_bucket, "") == []
        assert main(["store", "start"]) == 0
        assert f"runs already on http://{settings.endpoint}" in capfd.readouterr().out
        other = free_ports(1)[0]
        assert main(["store", "start", "--port", str(other)]) == 1, "it does not run there"
        error = capfd.readouterr().err
        assert f"already, at {settings.endpoint}, and not on port {other}: `carabin store stop`" in words(error)
        assert main(["store", "start", "--port", settings.endpoint.rpartition(":")[2]]) == 0
        assert main(["store", "run"]) == 1
        assert "runs in" in capfd.readouterr().err
        assert main(["store", "status", "--json"]) == 0
    finally:
        assert main(["store", "stop"]) == 0
    assert "The store is stopped." in capfd.readouterr().out
    assert main(["store", "stop"]) == 0
    assert "No store runs" in capfd.readouterr().out


def test_a_port_in_use_is_one_sentence_and_exit_1(capfd: pytest.CaptureFixture[str]) -> None:
    port = free_ports(1)[0]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert main(["store", "start", "--port", str(port)]) == 1
    error = capfd.readouterr().err
    assert error.startswith(f"carabin: port {port} on 127.0.0.1 is in use")
    assert error.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_stops_in_order_when_asked(data: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "carabin.cli", "store", "run", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The store runs on http://127.0.0.1:")
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
    assert "The store is stopped." in rest
    assert process.returncode == 0
    assert main(["store", "status"]) == 1


def test_run_ends_with_1_where_its_store_died(data: Path) -> None:
    command = [sys.executable, "-m", "carabin.cli", "store", "run", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("The store runs on")
            state = EmbeddedStore(data / "store").status()
            assert state is not None
            os.kill(state.pid, signal.SIGKILL)
            _, error = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 1
    assert error.startswith("carabin: the store in ")
    assert error.count("\n") == 1
