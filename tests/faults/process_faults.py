"""What goes wrong inside one process at one of its steps: it dies, its disk is full, memory is short, its clock jumps.

A step is a change of a file below its folder, or a request that it sends. Python announces both to its audit hooks just
before they happen, whichever library makes them; what a library does in native code lies between two of them.
"""

import importlib
import itertools
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES: Final = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "os.chmod")
_REQUESTS: Final = ("http.client.send",)
SPARE_BYTES: Final = 4 << 20
"""What a process that is short of memory may still take."""
clock_offset_s = 0.0


def die() -> None:
    """End as the kernel's out-of-memory killer or a power cut ends it."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk() -> None:
    """Let no regular file grow any more: a write fails as on a full disk, with another number."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def shorten_memory() -> None:
    """Let the process take hardly more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def move_clock(seconds: float) -> None:
    """Move the wall clock of this process; the monotonic one goes on, as it does on a machine."""
    global clock_offset_s
    clock_offset_s = seconds


FAULTS: Final[dict[str, Callable[[], None]]] = {
    "killed": die,
    "disk full": fill_disk,
    "memory short": shorten_memory,
    "clock ahead": lambda: move_clock(600),
    "clock behind": lambda: move_clock(-600),
    "clock far ahead": lambda: move_clock(7200),
    "clock far behind": lambda: move_clock(-7200),
}
"""A store refuses requests that are a quarter of an hour away from its own clock."""
FOR_A_WHILE: Final = " for a while"
WHILE_STEPS: Final = 8


def install(folder: Path, log: Path, at: int | None, fault: str) -> None:
    """Write each step of this process to `log`, a line each; bring `fault` about just before step `at`, counted from 0.

    Nothing that runs in this process can take the hook away again.
    """
    if fault.startswith("clock"):
        _patch_clock()
    root, numbers = str(folder.resolve()), itertools.count()
    lines = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        step = _step_of(event, arguments, root)
        if step is None:
            return
        number = next(numbers)
        if at is None:
            os.write(lines, f"{step}\n".encode())
        elif number == at:
            FAULTS[fault.removesuffix(FOR_A_WHILE)]()
        elif number == at + WHILE_STEPS and fault.endswith(FOR_A_WHILE):
            move_clock(0)

    sys.addaudithook(hook)


def _step_of(event: str, arguments: tuple[Any, ...], root: str) -> str | None:
    if event in _REQUESTS:
        first = arguments[1].split(b"\r\n", 1)[0] if isinstance(arguments[1], bytes) else b""
        # A request is sent in two parts where it has a body: its head begins with its method.
        return first.decode("latin-1") if first.endswith(b"HTTP/1.1") else None
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not flags & _WRITING:
            return None
    elif event in _CHANGES:
        path = arguments[0]
    else:
        return None
    where = os.path.abspath(os.fsdecode(path)) if not isinstance(path, int) else ""
    return f"{event} {where[len(root) + 1 :]}" if where.startswith(root + "/") else None


class _SameInstances(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _MovedDatetime(datetime, metaclass=_SameInstances):
    """`datetime` by the moved clock; its values are plain ones."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=clock_offset_s)

    @classmethod
    def utcnow(cls) -> datetime:  # type: ignore[override]
        return datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=clock_offset_s)


def _patch_clock() -> None:
    """Give `time.time`, and the modules of Carabin and of its store's client, a clock that can be moved."""
    # Some services import the client only when they start: it would sign with a clock of its own.
    importlib.import_module("carabin.registry.s3_store")
    real = time.time

    def moved() -> float:
        # gRPC gives its core deadlines by this clock, and the core has the machine's, which is not moved.
        grpc = sys._getframe(1).f_globals["__name__"].startswith("grpc.")
        return real() + (0.0 if grpc else clock_offset_s)

    time.time = moved
    for name, module in list(sys.modules.items()):
        if name.startswith(("carabin.", "minio.")) and getattr(module, "datetime", None) is datetime:
            module.datetime = _MovedDatetime  # type: ignore[attr-defined]
