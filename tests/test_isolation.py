"""Tests run beside an installation: its settings are not read, its ports are not taken, and nothing is left behind."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from carabin.registry.settings import data_dir

ROOT = Path(__file__).parents[1]
CHOSEN = [
    "cli/tests/commands/test_store.py::test_start_status_stop",
    "libs/registry/tests/test_connect.py",
    "libs/registry/tests/stages/test_promotions.py",
    "services/transcriber/tests/access/test_identity.py::test_without_authentication_everybody_is_anonymous",
    "tests/test_isolation.py::test_what_a_test_keeps_on_the_machine_is_in_a_temporary_folder",
]
"""A store of its own, the settings of one, a real store shared by tests, a service that listens, and what is kept."""
PORTS = (8333, 9090, 9091)


def test_what_a_test_keeps_on_the_machine_is_in_a_temporary_folder() -> None:
    kept = data_dir() / "store" / "key"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    shutil.rmtree(kept.parent)
    assert data_dir().parent == Path(tempfile.gettempdir())


LOGGING = """
import io, logging
from carabin.service.logging import configure_logging

def test_a_service_that_logs_to_a_stream_of_its_own() -> None:
    configure_logging("transcriber", stream=io.StringIO())

def test_what_runs_behind_it() -> None:
    assert not [each for each in logging.root.handlers if type(each) is logging.StreamHandler]
"""


def test_what_a_test_logs_to_is_not_logged_to_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "test_logging.py"
    path.write_text(LOGGING)
    inner = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-p", "conftest", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert inner.returncode == 0, inner.stdout[-3000:]


def test_beside_an_installation_that_is_configured_and_runs(tmp_path: Path) -> None:
    installed = {
        "CARABIN_DATA_DIR": str(tmp_path / "data"),
        "CARABIN_STORE_ENDPOINT": "127.0.0.1:8333",
        "CARABIN_STORE_ACCESS_KEY": "installed",
        "CARABIN_STORE_SECRET_KEY": "installed",
        "CARABIN_TRANSCRIBER_PORT": "9090",
        "CARABIN_TRANSCRIBER_API_KEYS": str(tmp_path / "keys"),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    (tmp_path / "tmp").mkdir()
    with contextlib.ExitStack() as listening:
        for port in PORTS:
            with contextlib.suppress(OSError):  # What listens there already stands for the installation.
                listening.enter_context(socket.create_server(("127.0.0.1", port)))
        inner = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *CHOSEN],
            cwd=ROOT, env={**os.environ, **installed}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert inner.returncode == 0, inner.stdout[-3000:]
    assert not (tmp_path / "data").exists()
    left = [path.name for path in (tmp_path / "tmp").iterdir() if not path.name.startswith("pytest-of-")]
    assert left == []
