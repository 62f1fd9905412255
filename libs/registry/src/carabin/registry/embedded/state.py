"""What the embedded store notes about itself, and the lock that lives exactly as long as it does."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import DiskFailed
from ..settings import state_path


class StoreState(BaseModel):
    """How to reach the embedded store; kept across restarts, so that its keys stay."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    access_key: str
    secret_key: str
    secure: bool = False
    pid: int
    ports: tuple[int, ...] = ()
    """Every port it serves, the S3 endpoint's first; each has its gRPC twin."""
    started_at: datetime


def read_state(folder: Path) -> StoreState | None:
    """Return what the store in `folder` noted last, or None where nothing readable is."""
    try:
        return StoreState.model_validate_json(state_path(folder).read_bytes())
    except (OSError, ValidationError):
        return None


def write_state(folder: Path, state: StoreState) -> None:
    """Note `state` in one step, readable by its owner alone, because it holds the secret key."""
    try:
        # Born 0600: the secret is never readable by others, not even for a moment.
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".state-")
        with os.fdopen(descriptor, "w") as file:
            file.write(state.model_dump_json(indent=2))
        Path(name).replace(state_path(folder))
    except OSError as error:
        raise DiskFailed(f"cannot write {state_path(folder)}: {error.strerror or error}") from error


def is_running(folder: Path) -> bool:
    """Say whether a store runs in `folder`: true while its process holds the lock it inherited.

    A process number alone would lie after a crash or a reboot, when the system has given it to another program.
    """
    try:
        descriptor = os.open(_alive_path(folder), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def alive_lock(folder: Path) -> Iterator[int]:
    """Yield a locked descriptor for a child process to inherit; the lock lasts until the child's own copy closes."""
    descriptor = os.open(_alive_path(folder), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the store in `folder`."""
    with (folder / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _alive_path(folder: Path) -> Path:
    return folder / "alive.lock"
