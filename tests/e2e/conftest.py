"""The whole product, once a test session: the quick demo in a data folder of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from carabin.registry.embedded.ports import free_ports

CARABIN = (sys.executable, "-m", "carabin.cli")


@dataclass(frozen=True)
class Site:
    """A machine on which the demo has run."""

    data: Path
    environment: dict[str, str]
    report: dict[str, Any]
    printed: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Run `carabin demo --quick` and keep what it made."""
    data = tmp_path_factory.mktemp("data")
    environment = own_environment(data)
    (port,) = free_ports(1)
    demo = subprocess.run(
        [*CARABIN, "demo", "--quick", "--json", "--port", str(port)], env=environment, capture_output=True, text=True
    )
    assert demo.returncode == 0, demo.stderr
    return Site(data, environment, json.loads(demo.stdout), demo.stderr)


def own_environment(data: Path) -> dict[str, str]:
    """The environment of a machine whose data folder is `data`, and on which nothing else is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARABIN_")}
    return {**kept, "CARABIN_DATA_DIR": str(data)}
