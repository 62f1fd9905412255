"""A real store that enforces the shipped policies, and services as processes in surroundings of the test's choice."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.proxy import Fault

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
ROLES = ("trainer", "exporter", "promoter", "transcriber")
SECRET = "a-secret-of-the-tests"
FREE_PORTS = {
    "CARABIN_EXPORTER_GRPC_PORT": "0",
    "CARABIN_EXPORTER_METRICS_PORT": "0",
    "CARABIN_EXPORTER_HOST": "127.0.0.1",
    "CARABIN_TRAINER_GRPC_PORT": "0",
    "CARABIN_TRAINER_METRICS_PORT": "0",
    "CARABIN_TRAINER_DATASET": "dictations",
    "CARABIN_TRANSCRIBER_POLL_S": "1",
}
COMMANDS = {
    "transcriber": ("carabin.transcriber", "--port", "0"),
    "exporter": ("carabin.exporter", "serve"),
    "trainer": ("carabin.trainer",),
}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """Where it is, and its administrator; each role has its own user, with the policy of k8s/policies."""
    folder = tmp_path_factory.mktemp("store")
    users: list[dict[str, object]] = [{"name": role, "policyNames": [role]} for role in ROLES]
    users.append({"name": "admin", "actions": ["Admin"]})
    for user in users:
        user["credentials"] = [{"accessKey": user["name"], "secretKey": SECRET}]
    texts = {role: (ROOT / f"k8s/policies/{role}.json").read_text(encoding="utf-8") for role in ROLES}
    policies = [{"name": role, "content": text} for role, text in texts.items()]
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": users, "policies": policies}))
    with EmbeddedStore(folder / "data", options=(f"-s3.config={config}",), admin=("admin", SECRET)) as settings:
        yield settings


EVERY_FAULT = os.environ.get("CARABIN_TEST_FAULTS") == "all"
"""Every fault at every request, for hours; by default each request gets one of them."""


def chosen_faults(n_requests: int, faults: Sequence[Fault], step: int = 1) -> list[tuple[int, Fault]]:
    """Return which request gets which fault."""
    if EVERY_FAULT:
        return [(number, fault) for number in range(n_requests) for fault in faults]
    return [(number, faults[number // step % len(faults)]) for number in range(0, n_requests, step)]


def shares(faults: Sequence[T], most: int, each: int) -> list[tuple[T, float]]:
    """Return which fault happens at which share of what a sound run does: `each` times, or at all of `most` places.

    Tests are collected before anything runs: how many places there are is found out later.
    """
    if EVERY_FAULT:
        return [(fault, place / most) for place in range(most) for fault in faults]
    number = each * len(faults)
    return [(faults[place % len(faults)], (place + 0.5) / number) for place in range(number)]


def at_share(share: float, most: int, kinds: Sequence[int]) -> int:
    """Return which of `kinds` is at a share of them: in the whole range the next one, and no test is left for a second.

    The whole range has as many shares as there may be kinds, `most`, and mostly there are fewer. It is asked before a
    test writes anything: what a test that is left out leaves behind would be done by the next ones.
    """
    if not EVERY_FAULT:
        return kinds[int(share * len(kinds))]
    number = round(share * most)
    if number >= len(kinds):
        pytest.skip("there are no more kinds of steps: each was broken once")
    return kinds[number]


def first_of_each_kind(steps: Sequence[str]) -> list[int]:
    """Return the number of the first step of each kind: those that differ in a number or in a random name are one."""
    kinds = {_kind(step): number for number, step in reversed(list(enumerate(steps)))}
    return sorted(kinds.values())


def last_of_each_kind(steps: Sequence[str]) -> list[int]:
    """Return the number of the last step of each kind."""
    kinds = {_kind(step): number for number, step in enumerate(steps)}
    return sorted(kinds.values())


def _kind(step: str) -> str:
    step = re.sub(r"((?:\.|carabin-)[a-z-]+\d*-|tmp)[a-z0-9_]{8}(?=/|$)", r"\1X", step)
    return re.sub(r"\b[0-9a-f]{12,}\b|\d+", "N", step)


def empty(store: StoreSettings, bucket: str) -> None:
    """Delete what other tests left there."""
    admin = MinioStore(store)
    for key in admin.list(bucket, ""):
        admin.delete(bucket, key)


def as_role(store: StoreSettings, role: str) -> dict[str, str]:
    """Return what a service's environment says of its store, and who it is there."""
    return {
        "CARABIN_STORE_ENDPOINT": store.endpoint,
        "CARABIN_STORE_SECURE": "false",
        "CARABIN_STORE_ACCESS_KEY": role,
        "CARABIN_STORE_SECRET_KEY": SECRET,
    }


def surroundings(folder: Path) -> dict[str, str]:
    """Return a process's environment: nothing of this machine's but the path."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CARABIN_DATA_DIR": str(folder),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }


def start(module: str, *arguments: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start `python -m module` in the surroundings of `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=surroundings(folder) | environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
