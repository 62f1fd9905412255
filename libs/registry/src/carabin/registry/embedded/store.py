"""The embedded object store: SeaweedFS on loopback, every port and credential set by us.

For one machine that its users trust: trials, the demo and the tests. The S3 endpoint wants our keys, SeaweedFS's own
inner ports want none, so whoever has an account on the machine can read the data. In production the store is a service
of its own.

Over 200 lines: starting and stopping hold one lock and one state file, and are understood together.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from pydantic import SecretStr
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from ..errors import DiskFailed, EmbeddedStoreFailed
from ..s3_store import MinioStore
from ..settings import StoreSettings, data_dir
from .ports import LOOPBACK, free_ports, require_free
from .seaweedfs import remove_sockets, seaweedfs_command
from .state import StoreState, alive_lock, is_running, read_state, start_lock, write_state

ACCESS_KEY = "carabin"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
"""SeaweedFS writes its index on SIGTERM and takes a few seconds; after this it is killed."""
POLL_S = 0.05
LAUNCHES = 3

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Stores that this process started: it must reap them when they end."""


class _EndedEarly(EmbeddedStoreFailed):
    """SeaweedFS ended before it answered."""


class EmbeddedStore:
    """SeaweedFS in `folder`; `with EmbeddedStore(folder) as settings:` stops it at the end.

    Args:
        folder: holds its data, its log and its state file, which is its owner's alone.
        port: of the S3 endpoint; None takes a free one.
        options: further options of `weed mini`, for tests of what else SeaweedFS can do.
        admin: the access and secret key to use where `options` bring users of their own.
    """

    def __init__(
        self,
        folder: Path | None = None,
        port: int | None = None,
        *,
        options: Sequence[str] = (),
        admin: tuple[str, str] | None = None,
    ) -> None:
        self.folder = (folder or data_dir() / "store").absolute()
        self._port, self._options, self._admin = port, options, admin

    def start(self) -> StoreSettings:
        """Start the store unless it runs already, wait until it answers, and make the three buckets.

        Raises:
            PortInUse: another program has the port.
            EmbeddedStoreFailed: SeaweedFS is not installed, ended early, or did not answer in time.
            DiskFailed: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise DiskFailed(f"cannot make {self.folder}: {error.strerror or error}") from error
        with start_lock(self.folder):
            state = read_state(self.folder)
            if state is not None and is_running(self.folder):
                return self._ready(state)
            return self._launch_and_wait(*self._admin or _kept_keys(state))

    def stop(self) -> bool:
        """Stop the store and wait until it is gone; return False where none ran.

        Raises:
            EmbeddedStoreFailed: it outlived SIGTERM and SIGKILL.
        """
        if not self.folder.is_dir():
            return False
        with start_lock(self.folder):
            state = read_state(self.folder)
            if state is None or not is_running(self.folder):
                return False
            self._end(state)
        return True

    def status(self) -> StoreState | None:
        """Return how to reach the running store, or None where none runs; a stale state file counts as none."""
        return read_state(self.folder) if is_running(self.folder) else None

    def __enter__(self) -> StoreSettings:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """What SeaweedFS says."""
        return self.folder / "weed.log"

    def _launch_and_wait(self, access_key: str, secret_key: str) -> StoreSettings:
        """Launch; again if somebody took one of the ports that were free when we looked."""
        for attempt in range(1, LAUNCHES + 1):
            state = self._launch(access_key, secret_key)
            try:
                return self._ready(state)
            except BaseException as error:
                self._end(state)
                if not isinstance(error, _EndedEarly) or attempt == LAUNCHES:
                    raise
        raise AssertionError("unreachable")

    def _ready(self, state: StoreState) -> StoreSettings:
        self._wait_until_ready(state)
        settings = _settings(state)
        store = MinioStore(settings)
        for bucket in (settings.datasets_bucket, settings.checkpoints_bucket, settings.models_bucket):
            store.ensure_bucket(bucket)
        return settings

    def _launch(self, access_key: str, secret_key: str) -> StoreState:
        if self._port is not None:
            require_free(self._port)
        s3, *others = [self._port, *free_ports(4)] if self._port is not None else free_ports(5)
        data, scratch = self.folder / "data", self.folder / "tmp"
        data.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        environment = {**os.environ, **keys, "TMPDIR": str(scratch)}
        _forget_ended_children()
        with alive_lock(self.folder) as alive, self.log.open("wb") as log:
            process = subprocess.Popen(
                seaweedfs_command(data, s3, others, *self._options),
                env=environment,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                pass_fds=(alive,),
                start_new_session=True,  # Ctrl-C at the terminal reaches us, and we stop it in order.
            )
        _children[process.pid] = process
        state = StoreState(
            endpoint=f"{LOOPBACK}:{s3}",
            access_key=access_key,
            secret_key=secret_key,
            pid=process.pid,
            ports=(s3, *others),
            started_at=datetime.now(UTC),
        )
        try:
            write_state(self.folder, state)
        except BaseException:
            self._end(state)
            raise
        return state

    def _wait_until_ready(self, state: StoreState) -> None:
        url = f"http://{state.endpoint}/healthz"

        def answers() -> bool:
            if not is_running(self.folder):
                raise _EndedEarly(f"the embedded store ended while it started: {self._last_words()}")
            try:
                return bool(http.request("GET", url, timeout=2.0, retries=False).status == 200)
            except HTTPError:
                return False

        with PoolManager() as http:
            if not _within(READY_WITHIN_S, answers):
                raise EmbeddedStoreFailed(f"the embedded store does not answer on {state.endpoint}; see {self.log}")

    def _end(self, state: StoreState) -> None:
        for kind in (signal.SIGTERM, signal.SIGKILL):
            if not is_running(self.folder):
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, kind)
            _within(STOP_WITHIN_S, lambda: not is_running(self.folder))
        child = _children.pop(state.pid, None)
        if child is not None:
            child.wait()
        remove_sockets(state.ports)
        if is_running(self.folder):
            raise EmbeddedStoreFailed(f"the embedded store, process {state.pid}, does not stop; see {self.log}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f"{lines[-1] if lines else 'it said nothing'}; see {self.log}"


def _forget_ended_children() -> None:
    """Reap stores that ended without being asked to: Python warns at its end of a child that nobody waited for."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]


def _kept_keys(state: StoreState | None) -> tuple[str, str]:
    """Return the keys that clients know from the last time, or new ones."""
    return (state.access_key, state.secret_key) if state else (ACCESS_KEY, secrets.token_urlsafe(32))


def _settings(state: StoreState) -> StoreSettings:
    return StoreSettings(
        endpoint=state.endpoint,
        access_key=state.access_key,
        secret_key=SecretStr(state.secret_key),
        secure=state.secure,
    )


def _within(limit_s: float, reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + limit_s
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
