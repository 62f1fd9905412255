"""How much memory there is, to this process: the machine's, its container's or its own limit's; what a model takes."""

import resource
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_CGROUP = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")

ROOM = 1.3
"""A model takes this much of its files' size: int8 weights are copied once while they load."""
WORKSPACE_BYTES = 128 * 1024 * 1024
"""And this much for activations and caches."""


def model_bytes(size_bytes: int) -> int:
    """Return the memory that a model takes whose files have `size_bytes`."""
    return int(size_bytes * ROOM) + WORKSPACE_BYTES


def available_bytes() -> int | None:
    """Return the bytes that can still be taken without swapping, or None where the system does not say."""
    known = [value for value in (_machine(), _container(), _address_space()) if value is not None]
    return min(known) if known else None


def _machine() -> int | None:
    return status_bytes("MemAvailable", Path("/proc/meminfo"))


def _container() -> int | None:
    """Return what the tightest limit leaves of this process's control group and those above it."""
    known = [
        left for group in _groups() for names in (_VERSION_2, _VERSION_1) if (left := _left(group, *names)) is not None
    ]
    return min(known, default=None)


def _groups() -> Iterator[Path]:
    """Yield the folders of this process's control group and of those above it, of both versions of the interface.

    A container sees its own group as the root, whatever name it has outside; a service of systemd is in a group below.
    """
    yield _CGROUP
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            own, root = PurePosixPath(path), _CGROUP / controllers
            yield from (root / str(group).lstrip("/") for group in (own, *own.parents))


def _left(group: Path, limit: str, used: str, droppable: str) -> int | None:
    """Return what a group's limit leaves; page cache that can be dropped counts as free."""
    try:
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        limit_bytes, used_bytes = int((group / limit).read_text()), int((group / used).read_text())
        return limit_bytes - used_bytes + int(stat.get(droppable, 0))
    except (OSError, ValueError):  # not of this version, or `max`
        return None


def _address_space() -> int | None:
    """Return what this process's own limit leaves, as `ulimit -v` and batch systems set it."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    used = status_bytes("VmSize", Path("/proc/self/status"))
    return None if limit == resource.RLIM_INFINITY or used is None else limit - used


def status_bytes(name: str, path: Path) -> int | None:
    """Return a figure in kB of a file such as /proc/meminfo in bytes, or None where it does not stand there."""
    try:
        for line in path.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None
    return None
