"""Every command that the README gives, in its order, in one folder: as it stands there, on ports that are free here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from carabin.registry.embedded.ports import free_ports
from carabin.trainer.data.dictations import load_split

from .conftest import Site, own_environment

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCK.findall((ROOT / "README.md").read_text()) for line in block.splitlines()]

PAIRS = 12
"""Enough recordings for three splits; the quick demo has 40."""


@pytest.fixture
def hospital(site: Site, tmp_path: Path) -> Path:
    """A working folder with recordings/ and reports/, as a hospital would bring them."""
    (folder,) = (site.data / "demo").glob("demo-quick-*")
    for kind in ("recordings", "reports"):
        (tmp_path / kind).mkdir()
    split = load_split(folder, "train")
    for place in range(PAIRS):
        (tmp_path / "recordings" / f"{place:04}.wav").write_bytes(split.sound(place))
        (tmp_path / "reports" / f"{place:04}.txt").write_text(split.sentences[place], encoding="utf-8")
    return tmp_path


def test_the_commands_of_the_readme_work_in_their_order(hospital: Path) -> None:
    environment = own_environment(hospital / "data")
    environment["CARABIN_TRAINER_EVALUATE_LIMIT"] = "4"
    store_port, port = free_ports(2)
    commands = [_on_ports(command, store_port, port) for command in COMMANDS]
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    script = "\n".join(
        ["set -e", "trap 'kill $(jobs -p) 2>/dev/null; wait; carabin store stop' EXIT", *_paced(commands, port)]
    )
    try:
        result = subprocess.run(
            ["bash", "-c", script], cwd=hospital, env=environment, capture_output=True, text=True, timeout=560
        )
    finally:
        shutil.rmtree(hospital / "data", ignore_errors=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "cardiology" in result.stdout


def _on_ports(command: str, store_port: int, port: int) -> str:
    """Return the command with the ports given: the standard ones may belong to an installation on this machine."""
    options = {
        "carabin store start": f"--port {store_port}",
        "carabin serve": f"--port {port} --grpc-port 0",
        "carabin dictate": f"--server ws://localhost:{port}",
    }
    for start, option in options.items():
        if command.startswith(start):
            return command.replace(start, f"{start} {option}", 1)
    return command


def _paced(commands: list[str], port: int) -> list[str]:
    """Behind a command left in the background, wait until the server answers, as a person would."""
    ready = f"from urllib.request import urlopen; urlopen('http://localhost:{port}/readyz')"
    wait = f'for _ in $(seq 120); do python -c "{ready}" 2>/dev/null && break; sleep 1; done'
    return [line for command in commands for line in ([command, wait] if command.endswith("&") else [command])]


def test_every_command_that_listens_or_connects_gets_a_port() -> None:
    given = [command for command in COMMANDS if _on_ports(command, 1, 2) != command]
    assert [command.split()[1] for command in given] == ["store", "serve", "dictate"]
